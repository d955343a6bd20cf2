using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// The kernel's table. Each change is one transaction of what differs from the last one that succeeded. When nobody
/// knows what the kernel holds (at the start, after a
/// failure, when others have been at it), everything is written anew in one transaction: connections that exist go on,
/// affinity is kept where the table was ours.
/// </summary>
/// <param name="clusterCidr">Addresses of pods.</param>
/// <param name="dnsAddress">Address of the cluster's DNS on this node; empty without one.</param>
/// <param name="space">Network namespace by name; null for our own.</param>
public sealed class ProxyTable(string clusterCidr, string dnsAddress, string? space = null)
{
    private readonly RulesetLedger _ledger = new();
    private bool _isKnown;
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);
    private bool _mustForget;

    /// <summary>Size of the last transaction's text.</summary>
    public int LastTransactionBytes { get; private set; }

    /// <summary>
    /// Programs the ports of some Services, by name of the Service; without ports it is gone. False when nothing had to
    /// change.
    /// </summary>
    public async Task<bool> ApplyAsync(IReadOnlyDictionary<string, IReadOnlyList<ProxyPort>> changed, CancellationToken cancellationToken)
    {
        var (before, after) = _ledger.Replace(changed.ToDictionary(c => c.Key, c => RulesOf(c.Value), StringComparer.Ordinal));
        var difference = RulesetText.Difference(before, after);
        if (_isKnown && difference.Length == 0)
        {
            return false;
        }

        var wasKnown = _isKnown;
        _isKnown = false;
        _mustForget |= !wasKnown || !SameFlows(before, after);
        _gone.UnionWith(before.Flows.Keys);
        if (wasKnown)
        {
            await NftAsync(difference, cancellationToken);
        }
        else
        {
            await WriteAllAsync(cancellationToken);
        }

        _isKnown = true;
        if (_mustForget)
        {
            await ForgetStaleAsync(cancellationToken);
            _mustForget = false;
        }

        _gone.Clear();
        return true;
    }

    /// <summary>
    /// Whether our rules are still there; when not, the next change writes everything. nft can list nothing without reading every element, so it is asked
    /// what would happen if a chain that our rules call were deleted: the kernel finds it busy as long as they do.
    /// </summary>
    public async Task<bool> IsIntactAsync(CancellationToken cancellationToken)
    {
        var trial = await RunAsync("nft", ["-c", "-f", "-"], $"delete chain ip {RulesetText.Table} services\n", cancellationToken);
        _isKnown &= !trial.Succeeded && !trial.Error.Contains("No such file", StringComparison.Ordinal);
        return _isKnown;
    }

    private static bool SameFlows(Ruleset before, Ruleset after) =>
        before.Flows.Count == after.Flows.Count && before.Flows.All(f => after.Flows.GetValueOrDefault(f.Key) == f.Value);

    private Ruleset RulesOf(IReadOnlyList<ProxyPort> ports)
    {
        var rules = new Ruleset();
        foreach (var port in ports)
        {
            PortRules.AddTo(rules, port, clusterCidr);
        }

        return rules;
    }

    private async Task WriteAllAsync(CancellationToken cancellationToken)
    {
        var rules = _ledger.All();
        var existing = await ExistingAsync(cancellationToken);
        if (existing.Chains.Count > 0)
        {
            var renewal = RulesetText.Renew(rules, existing, dnsAddress);
            LastTransactionBytes = renewal.Length;
            if ((await RunAsync("nft", ["-f", "-"], renewal, cancellationToken)).Succeeded)
            {
                return;
            }
        }

        // A table of another version, or one that others have changed, is of no use.
        await NftAsync(RulesetText.Full(rules, dnsAddress), cancellationToken);
    }

    private async Task<ExistingTable> ExistingAsync(CancellationToken cancellationToken)
    {
        var names = new[] { "chain", "map", "set" }.ToDictionary(kind => kind, _ => new HashSet<string>(StringComparer.Ordinal));
        var listed = await RunAsync("nft", ["-j", "-t", "list", "table", "ip", RulesetText.Table], null, cancellationToken);
        if (listed.Succeeded)
        {
            using var document = JsonDocument.Parse(listed.Output);
            foreach (var item in document.RootElement.GetProperty("nftables").EnumerateArray())
            {
                foreach (var part in item.EnumerateObject().Where(p => names.ContainsKey(p.Name)))
                {
                    names[part.Name].Add(part.Value.GetProperty("name").GetString()!);
                }
            }
        }

        return new ExistingTable(names["chain"], names["map"], names["set"]);
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
        var tracked = await RunAsync("conntrack", ["-L", "-p", "udp"], null, cancellationToken);
        foreach (var deletion in StaleConnections.In(tracked.Output, flows, a => IPAddress.IsLoopback(a) || local.Contains(a)))
        {
            await RunAsync("conntrack", deletion, null, cancellationToken);
        }
    }

    private async Task NftAsync(string transaction, CancellationToken cancellationToken)
    {
        LastTransactionBytes = transaction.Length;
        var result = await RunAsync("nft", ["-f", "-"], transaction, cancellationToken);
        if (!result.Succeeded)
        {
            throw new IOException($"nft refused the rules: {result.Error.Trim()}");
        }
    }

    private Task<CommandResult> RunAsync(string program, string[] arguments, string? input, CancellationToken cancellationToken) =>
        space is null
            ? Commands.RunAsync(program, arguments, cancellationToken, input)
            : Commands.RunAsync("ip", ["netns", "exec", space, program, .. arguments], cancellationToken, input);
}
