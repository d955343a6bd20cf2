using System.Net;
using System.Net.NetworkInformation;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// The kernel's table. Each change is one transaction of what differs from the last one that succeeded. When nobody
/// knows what the kernel holds (at the start, after a failure), it is read, and only what differs is written: a restart
/// of the agent changes nothing where nothing has changed. A table of another version, or one that others have been at,
/// is written anew in one transaction.
/// </summary>
/// <param name="clusterCidr">Addresses of pods.</param>
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

    private readonly RulesetText _text = new(name);
    private readonly RulesetLedger _ledger = new();
    private readonly HeldParts _parts = new(time);
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);
    private bool _isKnown;
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
        var wasKnown = _isKnown;
        _isKnown = false;
        _mustForget |= !wasKnown || !SameFlows(before, after);
        _gone.UnionWith(before.Flows.Keys);
        var isWritten = wasKnown ? await ChangeAsync(before, after, cancellationToken)
            : await TakeOverAsync(cancellationToken);
        _isKnown = true;
        if (_mustForget)
        {
            await ForgetStaleAsync(cancellationToken);
            _mustForget = false;
        }

        _gone.Clear();
        return isWritten;
    }

    /// <summary>
    /// Whether our rules are still there; when not, the next change writes everything. nft can list nothing without
    /// reading every element, so it is asked what would happen if a chain that our rules call were deleted: the kernel
    /// finds it busy as long as they do.
    /// </summary>
    public async Task<bool> IsIntactAsync(CancellationToken cancellationToken)
    {
        _isKnown &= await IsCalledAsync(cancellationToken);
        return _isKnown;
    }

    private async Task<bool> IsCalledAsync(CancellationToken cancellationToken)
    {
        var trial = await RunAsync("nft", ["-c", "-f", "-"], $"delete chain ip {name} services\n",
            cancellationToken);
        return !trial.Succeeded && !trial.Error.Contains("No such file", StringComparison.Ordinal);
    }

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

    private async Task<bool> ChangeAsync(Ruleset before, Ruleset after, CancellationToken cancellationToken)
    {
        var idle = _parts.Due(after);
        var transaction = _text.Change(before, after, _parts.Missing(after), idle);
        if (transaction.Length > 0)
        {
            await NftAsync(transaction, cancellationToken);
        }

        _parts.Note(before.Parts.Keys, after, idle);
        return transaction.Length > 0;
    }

    private async Task<bool> TakeOverAsync(CancellationToken cancellationToken)
    {
        var wanted = _ledger.All();
        if (await ExistingAsync(cancellationToken) is { } existing)
        {
            var parts = existing.Parts.Keys.Where(p => !RulesetText.IsBase(p)).ToList();
            _parts.Reset(parts);
            var transaction = _text.Change(existing, wanted, _parts.Missing(wanted), []);
            if (await TryAsync(transaction, cancellationToken))
            {
                _parts.Note(parts, wanted, []);
                return transaction.Length > 0;
            }
        }

        await NftAsync(_text.Full(wanted, clusterCidr, dnsAddress), cancellationToken);
        _parts.Reset(wanted.Parts.Keys);
        return true;
    }

    // Null when it is not there, of another version, or damaged.
    private async Task<Ruleset?> ExistingAsync(CancellationToken cancellationToken)
    {
        var marker = new Part(PartKind.Chain, RulesetText.Marker(clusterCidr, dnsAddress));
        if (!await IsCalledAsync(cancellationToken))
        {
            return null;
        }

        var listed = await RunAsync("nft", ["-j", "list", "table", "ip", name], null, cancellationToken);
        return listed.Succeeded && TableListing.Parse(listed.Output) is { } existing &&
            existing.Parts.ContainsKey(marker) ? existing : null;
    }

    private async Task<bool> TryAsync(string transaction, CancellationToken cancellationToken)
    {
        LastTransactionBytes = transaction.Length;
        return transaction.Length == 0 ||
            (await RunAsync("nft", ["-f", "-"], transaction, cancellationToken)).Succeeded;
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
        foreach (var deletion in StaleConnections.In(
            tracked.Output, flows, a => IPAddress.IsLoopback(a) || local.Contains(a)))
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
