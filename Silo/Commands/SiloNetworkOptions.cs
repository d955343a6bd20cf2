using System.CommandLine;
using System.Net.Sockets;
using OrleansOrchestrator.Grains.Cloud.BareMetal;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options of the networks that Services and pods get addresses of.</summary>
internal sealed class SiloNetworkOptions
{
    private readonly Option<DualNetwork?> _services = CommonOptions.ServiceNetwork();
    private readonly Option<PortRange?> _nodePorts = CommonOptions.NodePorts();
    private readonly Option<IReadOnlyList<PodNetwork>?> _pods = CommonOptions.PodNetworks();
    private readonly Option<string[]> _pools = CommonOptions.LoadBalancerPools(
        "Addresses that Services of type LoadBalancer get; the same for all silos of a cluster.");

    public IEnumerable<Option> All => [_services, _nodePorts, _pods, _pools];

    /// <summary>A silo's options with these in them.</summary>
    public SiloOptions Over(SiloOptions silo, ParseResult parsed)
    {
        var (services, pods) = (parsed.GetValue(_services), parsed.GetValue(_pods));
        if (services?.HasSix == true && pods?.Any(IsOfSix) != true)
        {
            throw new UserErrorException(
                "--service-cidr: Services of IPv6 need pods of IPv6: give --cluster-cidr a network of each family, "
                    + "such as 10.244.0.0/16,fd00:10:244::/56.");
        }

        return silo with
        {
            Services = CommonOptions.Services(services, parsed.GetValue(_nodePorts)),
            PodNetworks = pods,
            LoadBalancerPools = [.. parsed.GetRequiredValue(_pools).Select(static p => AddressPool.Parse(p)!)],
        };
    }

    private static bool IsOfSix(PodNetwork pods) =>
        pods.Network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;
}
