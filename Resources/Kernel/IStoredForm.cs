using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// How objects of one API group are stored as objects of another: upstream's conversion to the storage version.
/// Journal, caches, selectors and watches see the stored form; answers and strategies see the shown one.
/// </summary>
public interface IStoredForm
{
    /// <summary>The resource that is stored.</summary>
    ResourceName Resource { get; }

    /// <summary>The stored form of an object that is shown in this row's form.</summary>
    IKubernetesObject<V1ObjectMeta> Store(IKubernetesObject<V1ObjectMeta> shown);

    /// <summary>The shown form of stored bytes.</summary>
    byte[] Show(ReadOnlyMemory<byte> stored);
}
