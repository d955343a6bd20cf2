using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// A conversion that asks somebody outside this process. What it says of stored objects is asked for before they are
/// shown; the two synchronous ways throw InvalidOperationException. Failures are StatusExceptions with the client's
/// answer.
/// </summary>
public interface IAskedConversion : IObjectConversion
{
    /// <summary>Stored objects as this version shows them, in their order.</summary>
    ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ShowAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> stored, CancellationToken cancellationToken);

    /// <summary>The stored form of an object of this version.</summary>
    ValueTask<IKubernetesObject<V1ObjectMeta>> ToStoredAsync(
        IKubernetesObject<V1ObjectMeta> item, CancellationToken cancellationToken);
}
