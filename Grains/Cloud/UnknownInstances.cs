using k8s.Models;

namespace OrleansOrchestrator.Grains.Cloud;

/// <summary>
/// Machines of which their cloud knows nothing: a node is what it says of itself, and need not wait for its cloud.
/// </summary>
internal sealed class UnknownInstances : ICloudInstances
{
    /// <inheritdoc/>
    public Task<bool> ExistsAsync(V1Node node, CancellationToken cancellationToken) => Task.FromResult(true);

    /// <inheritdoc/>
    public Task<bool> IsShutdownAsync(V1Node node, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <inheritdoc/>
    public Task<CloudInstance?> DescribeAsync(V1Node node, CancellationToken cancellationToken) =>
        Task.FromResult<CloudInstance?>(new CloudInstance { Addresses = [.. node.Status?.Addresses ?? []] });
}
