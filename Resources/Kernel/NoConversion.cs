using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Of a version whose objects are stored nowhere, or as they are.</summary>
public sealed class NoConversion : IObjectConversion
{
    public static readonly NoConversion Instance = new();

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> ToStored(IKubernetesObject<V1ObjectMeta> item) => item;

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> FromStored(IKubernetesObject<V1ObjectMeta> stored) => stored;
}
