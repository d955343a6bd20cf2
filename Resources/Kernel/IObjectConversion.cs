using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// How objects of one version are stored as objects of another: upstream's conversion to the storage version. Journal,
/// caches, selectors and watches see the stored form; answers and strategies see the version's own.
/// </summary>
public interface IObjectConversion
{
    /// <summary>The stored form of an object of this version.</summary>
    IKubernetesObject<V1ObjectMeta> ToStored(IKubernetesObject<V1ObjectMeta> item);

    /// <summary>This version's form of a stored object, which stays as it is.</summary>
    IKubernetesObject<V1ObjectMeta> FromStored(IKubernetesObject<V1ObjectMeta> stored);
}
