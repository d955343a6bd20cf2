using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Rules of a kind that is stored nowhere: it is read and answered, and who answers validates it.</summary>
public sealed class VirtualStrategy<T> : ResourceStrategy<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    public override void SetDefaults(T item) => ModelShape.Normalize(item);
}
