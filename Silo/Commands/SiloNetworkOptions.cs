using System.CommandLine;
using System.Net;
using OrleansOrchestrator.Grains.Cloud.BareMetal;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options of the networks that Services and pods get addresses of.</summary>
internal sealed class SiloNetworkOptions
{
    private readonly Option<IPNetwork?> _services = CommonOptions.ServiceNetwork();
    private readonly Option<PortRange?> _nodePorts = CommonOptions.NodePorts();
    private readonly Option<IReadOnlyList<PodNetwork>?> _pods = CommonOptions.PodNetworks();
    private readonly Option<string[]> _pools = CommonOptions.LoadBalancerPools(
        "Addresses that Services of type LoadBalancer get; the same for all silos of a cluster.");

    public IEnumerable<Option> All => [_services, _nodePorts, _pods, _pools];

    /// <summary>A silo's options with these in them.</summary>
    public SiloOptions Over(SiloOptions silo, ParseResult parsed) => silo with
    {
        Services = CommonOptions.Services(parsed.GetValue(_services), parsed.GetValue(_nodePorts)),
        PodNetworks = parsed.GetValue(_pods),
        LoadBalancerPools = [.. parsed.GetRequiredValue(_pools).Select(static p => AddressPool.Parse(p)!)],
    };
}
