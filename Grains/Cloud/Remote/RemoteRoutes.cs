using Grpc.Core;
using k8s.Models;
using V1 = OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Cloud.Remote;

/// <summary>The routes of a cloud behind gRPC.</summary>
internal sealed class RemoteRoutes(CloudChannel channel) : ICloudRoutes
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<CloudRoute>> ListAsync(CancellationToken cancellationToken)
    {
        var answer = await channel.ReadAsync(
            o => channel.Client.ListRoutesAsync(new V1.ListRoutesRequest(), o), cancellationToken);
        return [.. answer.Routes.Select(Read)];
    }

    /// <inheritdoc/>
    public Task CreateAsync(string nameHint, CloudRoute route, CancellationToken cancellationToken)
    {
        var request = new V1.CreateRouteRequest { NameHint = nameHint, Route = Of(route) };
        return channel.WriteAsync(o => channel.Client.CreateRouteAsync(request, o), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(CloudRoute route, CancellationToken cancellationToken)
    {
        try
        {
            var request = new V1.DeleteRouteRequest { Route = Of(route) };
            await channel.WriteAsync(o => channel.Client.DeleteRouteAsync(request, o), cancellationToken);
        }
        catch (RemoteCloudException error) when (error.Code == StatusCode.NotFound)
        {
            // There is none.
        }
    }

    private static CloudRoute Read(V1.Route route) => new()
    {
        Name = route.Name,
        TargetNode = route.TargetNode,
        TargetAddresses = [.. route.TargetAddresses.Select(
            static a => new V1NodeAddress { Type = a.Type, Address = a.Address })],
        FollowsAddresses = route.FollowsAddresses,
        Destination = route.DestinationCidr,
        IsBlackhole = route.IsBlackhole,
    };

    private static V1.Route Of(CloudRoute route) => new()
    {
        Name = route.Name,
        TargetNode = route.TargetNode,
        TargetAddresses = { route.TargetAddresses.Select(CloudMessages.Of) },
        FollowsAddresses = route.FollowsAddresses,
        DestinationCidr = route.Destination,
        IsBlackhole = route.IsBlackhole,
    };
}
