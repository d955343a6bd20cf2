using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// A strategy whose objects are only marked by the first request to delete them: something has to be done before they
/// go, and a finalizer of their own keeps them until then.
/// </summary>
public interface IMarkedDeletion
{
    /// <summary>Marks an object that is not terminating yet.</summary>
    /// <param name="item">The object.</param>
    /// <param name="now">When.</param>
    void MarkDeletion(IKubernetesObject<V1ObjectMeta> item, DateTime now);
}
