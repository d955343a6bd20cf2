using Grpc.Core;
using k8s.Models;
using V1 = OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Cloud.Remote;

/// <summary>The machines of a cloud behind gRPC.</summary>
internal sealed class RemoteInstances(CloudChannel channel) : ICloudInstances
{
    /// <inheritdoc/>
    public async Task<bool> ExistsAsync(V1Node node, CancellationToken cancellationToken)
    {
        try
        {
            await GetAsync(node, cancellationToken);
            return true;
        }
        catch (RemoteCloudException error) when (error.Code == StatusCode.NotFound)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> IsShutdownAsync(V1Node node, CancellationToken cancellationToken) =>
        (await GetAsync(node, cancellationToken))?.IsShutdown == true;

    /// <inheritdoc/>
    public async Task<CloudInstance?> DescribeAsync(V1Node node, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(node, cancellationToken) is { } instance
                ? InstanceReader.Read(instance, node.Spec?.ProviderID ?? "")
                : null;
        }
        catch (RemoteCloudException error) when (error.Code == StatusCode.NotFound)
        {
            throw new CloudException("instance not found", error.RetryAfter);
        }
    }

    /// <summary>Null when the cloud has nothing to do with the node.</summary>
    private async Task<V1.Instance?> GetAsync(V1Node node, CancellationToken cancellationToken)
    {
        try
        {
            var request = new V1.GetInstanceRequest { Node = CloudMessages.Of(node) };
            return await channel.ReadAsync(o => channel.Client.GetInstanceAsync(request, o), cancellationToken);
        }
        catch (RemoteCloudException error) when (error.Code == StatusCode.Unimplemented)
        {
            return null;
        }
    }
}
