using System.Net;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using V1 = OrleansOrchestrator.Grains.Cloud.Remote.V1;

namespace OrleansOrchestrator.Grains.Cloud.Remote;

/// <summary>The load balancers of a cloud behind gRPC.</summary>
internal sealed class RemoteLoadBalancers(CloudChannel channel) : ILoadBalancers
{
    /// <inheritdoc/>
    public async Task<V1LoadBalancerStatus?> GetAsync(V1Service service, CancellationToken cancellationToken)
    {
        try
        {
            var request = new V1.GetLoadBalancerRequest { Service = CloudMessages.Of(service) };
            return Read(await channel.ReadAsync(
                o => channel.Client.GetLoadBalancerAsync(request, o), cancellationToken));
        }
        catch (RemoteCloudException error) when (error.Code == StatusCode.NotFound)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<V1LoadBalancerStatus?> EnsureAsync(
        V1Service service, IReadOnlyList<V1Node> nodes, CancellationToken cancellationToken)
    {
        try
        {
            var request = new V1.EnsureLoadBalancerRequest
            {
                Service = CloudMessages.Of(service), Nodes = { nodes.Select(CloudMessages.Of) },
            };
            return Read(await channel.WriteAsync(
                o => channel.Client.EnsureLoadBalancerAsync(request, o), cancellationToken));
        }
        catch (RemoteCloudException error) when (error.Code == StatusCode.Unimplemented)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> UpdateAsync(
        V1Service service, IReadOnlyList<V1Node> nodes, CancellationToken cancellationToken)
    {
        try
        {
            var request = new V1.UpdateLoadBalancerRequest
            {
                Service = CloudMessages.Of(service), Nodes = { nodes.Select(CloudMessages.Of) },
            };
            await channel.WriteAsync(o => channel.Client.UpdateLoadBalancerAsync(request, o), cancellationToken);
            return true;
        }
        catch (RemoteCloudException error) when (error.Code == StatusCode.Unimplemented)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async Task EnsureDeletedAsync(V1Service service, CancellationToken cancellationToken)
    {
        try
        {
            var request = new V1.DeleteLoadBalancerRequest { Service = CloudMessages.Of(service) };
            await channel.WriteAsync(o => channel.Client.DeleteLoadBalancerAsync(request, o), cancellationToken);
        }
        catch (RemoteCloudException error) when (error.Code == StatusCode.NotFound)
        {
            // There is none.
        }
    }

    /// <summary>What is twice in it is meant once.</summary>
    private static V1LoadBalancerStatus Read(V1.LoadBalancer balancer) => new()
    {
        Ingress = [.. balancer.Ingress.DistinctBy(static i => (i.Ip, i.Hostname)).Select(Read)],
    };

    private static V1LoadBalancerIngress Read(V1.Ingress ingress) =>
        ingress.Ip.Length > 0 && !IPAddress.TryParse(ingress.Ip, out _)
            ? throw new CloudException($"the cloud's ingress {GoText.Quote(ingress.Ip)} is no IP address")
            : new V1LoadBalancerIngress
            {
                Ip = CloudMessages.Maybe(ingress.Ip),
                Hostname = CloudMessages.Maybe(ingress.Hostname),
                IpMode = CloudMessages.Maybe(ingress.IpMode),
            };
}
