using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// A strategy whose objects have finalizers in their spec, too, which keep them like those in their metadata:
/// upstream's namespaces, whose preconditions have texts of their own.
/// </summary>
public interface ISpecFinalizers : IMarkedDeletion
{
    /// <summary>True while one of them is left.</summary>
    bool HasSpecFinalizers(IKubernetesObject<V1ObjectMeta> item);
}
