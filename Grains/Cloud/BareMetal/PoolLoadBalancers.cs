using k8s.Models;
using OrleansOrchestrator.Grains.Core.Services;
using OrleansOrchestrator.Interfaces.Cloud;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Cloud.BareMetal;

/// <summary>
/// Load balancers that are an address each. Nodes take the traffic: every node's proxy knows the address, and one of
/// them announces it on its network, so there is nothing to update when nodes come and go.
/// </summary>
public sealed class PoolLoadBalancers(IGrainFactory grains) : ILoadBalancers
{
    /// <summary>The annotation with which a Service asks for an address of one pool.</summary>
    public const string PoolAnnotation = "orchestrator.local/load-balancer-pool";

    private ILoadBalancerAddressGrain Addresses =>
        grains.GetGrain<ILoadBalancerAddressGrain>(ILoadBalancerAddressGrain.Key);

    /// <inheritdoc/>
    public async Task<V1LoadBalancerStatus?> GetAsync(V1Service service, CancellationToken cancellationToken)
    {
        var held = await AskAsync(a => a.FindAsync(service.Metadata.Uid, cancellationToken));
        return held.Count == 0 ? null : Status(service, held);
    }

    /// <inheritdoc/>
    public async Task<V1LoadBalancerStatus?> EnsureAsync(
        V1Service service, IReadOnlyList<V1Node> nodes, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(a => a.HoldAsync(Request(service), cancellationToken));
        return answer.Refusal is { } why ? throw new CloudException(why) : Status(service, answer.Addresses);
    }

    /// <inheritdoc/>
    public Task<bool> UpdateAsync(
        V1Service service, IReadOnlyList<V1Node> nodes, CancellationToken cancellationToken) => Task.FromResult(true);

    /// <inheritdoc/>
    public Task EnsureDeletedAsync(V1Service service, CancellationToken cancellationToken) => AskAsync(async a =>
    {
        await a.ReleaseAsync(service.Metadata.Uid, cancellationToken);
        return true;
    });

    /// <summary>What a Service asks the pools for. Pure.</summary>
    public static LoadBalancerAddressRequest Request(V1Service service)
    {
        var families = EndpointRules.Families(service);
        var isEither = service.Spec.IpFamilyPolicy == "PreferDualStack";
        return new LoadBalancerAddressRequest
        {
            Uid = service.Metadata.Uid,
            Service = service.Key(),
            Families = isEither ? [.. families.Take(1)] : families,
            OptionalFamilies = isEither ? [.. families.Skip(1)] : [],
            Wanted = service.Spec.LoadBalancerIP ?? "",
            Pool = service.GetAnnotation(PoolAnnotation) ?? "",
            Shown = [.. (service.Status?.LoadBalancer?.Ingress ?? []).Select(i => i.Ip ?? "")],
        };
    }

    private static V1LoadBalancerStatus Status(V1Service service, IReadOnlyList<string> addresses) => new()
    {
        Ingress = [.. addresses.Select(address => new V1LoadBalancerIngress
        {
            Ip = address,
            IpMode = "VIP",
            Ports = service.Spec.Ports is not { Count: > 0 } ports ? null
                : [.. ports.Select(p => new V1PortStatus { Port = p.Port, Protocol = p.Protocol ?? "TCP" })],
        })],
    };

    private async Task<T> AskAsync<T>(Func<ILoadBalancerAddressGrain, Task<T>> ask)
    {
        try
        {
            return await ask(Addresses);
        }
        catch (Exception error) when (
            error is StoreUnavailableException or TimeoutException or OrleansException)
        {
            throw new CloudException(error.Message);
        }
    }
}
