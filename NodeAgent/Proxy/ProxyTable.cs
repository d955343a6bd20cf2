using System.Net;
using System.Net.NetworkInformation;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>The kernel's table of Services, and the flows that it tracks for them.</summary>
/// <param name="clusterCidr">Addresses of pods; their family is the table's.</param>
/// <param name="dnsAddress">Address of the cluster's DNS on this node; empty without one.</param>
/// <param name="time">Clock.</param>
/// <param name="name">Name of the table.</param>
/// <param name="space">Network namespace by name; null for our own.</param>
public sealed class ProxyTable(
    string clusterCidr, string dnsAddress, TimeProvider time, string name = ProxyTable.DefaultName,
    string? space = null)
{
    /// <summary>What the first cluster of a machine calls it.</summary>
    public const string DefaultName = "orc-proxy";

    private readonly KernelTable _kernel = new(ProxyLayout.Of(name, clusterCidr, dnsAddress), time, space);
    private readonly RulesetLedger _ledger = new();
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);
    private bool _mustForget;

    public IpFamily Family { get; } = IpFamily.Of(clusterCidr);

    /// <summary>Size of the last transaction's text.</summary>
    public int LastTransactionBytes => _kernel.LastTransactionBytes;

    /// <summary>
    /// Programs the ports of some Services, by name of the Service; without ports it is gone. False when nothing had to
    /// change.
    /// </summary>
    public async Task<bool> ApplyAsync(
        IReadOnlyDictionary<string, IReadOnlyList<ProxyPort>> changed, CancellationToken cancellationToken)
    {
        var (before, after) = _ledger.Replace(changed.ToDictionary(c => c.Key, c => RulesOf(c.Value), StringComparer.Ordinal));
        _mustForget |= !_kernel.IsKnown || !SameFlows(before, after);
        _gone.UnionWith(before.Flows.Keys);
        var isWritten = await _kernel.ApplyAsync(before, after, _ledger.All, cancellationToken);
        if (_mustForget)
        {
            await ForgetStaleAsync(cancellationToken);
            _mustForget = false;
        }

        _gone.Clear();
        return isWritten;
    }

    /// <summary>Whether our rules are still there; when not, the next change writes everything.</summary>
    public Task<bool> IsIntactAsync(CancellationToken cancellationToken) => _kernel.IsIntactAsync(cancellationToken);

    private static bool SameFlows(Ruleset before, Ruleset after) =>
        before.Flows.Count == after.Flows.Count &&
            before.Flows.All(f => after.Flows.GetValueOrDefault(f.Key) == f.Value);

    private Ruleset RulesOf(IReadOnlyList<ProxyPort> ports)
    {
        var rules = new Ruleset();
        foreach (var port in ports)
        {
            PortRules.AddTo(rules, port, clusterCidr);
        }

        return rules;
    }

    private async Task ForgetStaleAsync(CancellationToken cancellationToken)
    {
        var flows = _ledger.Flows();
        foreach (var key in _gone)
        {
            // Nothing is served there any more: no target is right.
            flows.TryAdd(key, "");
        }

        if (flows.Count == 0)
        {
            return;
        }

        var local = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address).ToHashSet();
        var tracked = await _kernel.RunAsync(
            "conntrack", ["-L", "-f", Family.Tracked, "-p", "udp"], null, cancellationToken);
        foreach (var deletion in StaleConnections.In(
            tracked.Output, flows, a => IPAddress.IsLoopback(a) || local.Contains(a)))
        {
            await _kernel.RunAsync("conntrack", [.. deletion, "-f", Family.Tracked], null, cancellationToken);
        }
    }
}
