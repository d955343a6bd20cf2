using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Makes the objects of one virtual kind (<see cref="ResourceKind.IsVirtual"/>) that is read and never written.
/// </summary>
public interface IObjectSource
{
    /// <summary>The kind.</summary>
    ResourceName Resource { get; }

    /// <summary>All objects as they are now, by name.</summary>
    ValueTask<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> ListAsync(CancellationToken cancellationToken);
}
