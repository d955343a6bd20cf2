using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// A strategy that warns of what the preparation of a create sets right, so that no later look would find it.
/// </summary>
public interface IEarlyWarnings
{
    /// <summary>Texts for Warning headers, which clients get even when validation refuses the object.</summary>
    /// <param name="item">The object with defaults, before its preparation.</param>
    IEnumerable<string> EarlyWarnings(IKubernetesObject<V1ObjectMeta> item);
}
