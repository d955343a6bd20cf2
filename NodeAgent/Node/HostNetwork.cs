using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Containerd;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// What the pod network needs of the host: forwarding, and one nftables rule of each family that gives pods the node's
/// address for everything outside the cluster's pod networks. It is put whole and atomically, so it can be repeated.
/// </summary>
public sealed partial class HostNetwork(
    NodeAgentOptions options, ContainerdConfig config, NodeObject node, TimeProvider time, ILogger<HostNetwork> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(10);

    private readonly OwnedLink _bridge = new(options.BridgeName, options.DataDirectory);
    private IReadOnlyList<string> _podCidrs = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.OwnsRuntime)
        {
            return;
        }

        await GuardAsync(() =>
        {
            _podCidrs = Usable(config.PodCidrs);
            if (_podCidrs.Count > 0)
            {
                // An earlier run may have had a family that this one has not.
                config.WriteNetwork(_podCidrs);
            }

            return ApplyAsync(stoppingToken);
        }, stoppingToken);
        node.Changed += current => _ = UseAsync(current.Spec?.PodCIDRs, stoppingToken);
        await UseAsync(node.Current?.Spec?.PodCIDRs, stoppingToken);
        await KeepAsync(stoppingToken);
    }

    /// <summary>Puts the rule and the bridge back when somebody has removed them.</summary>
    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookPeriod, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await GuardAsync(async () =>
            {
                if (!_bridge.Exists || !await HasTablesAsync(cancellationToken))
                {
                    LogGone(options.PodsTable, options.BridgeName);
                    await ApplyAsync(cancellationToken);
                }
            }, cancellationToken);
        }
    }

    private async Task<bool> HasTablesAsync(CancellationToken cancellationToken)
    {
        foreach (var family in _podCidrs.Select(IpFamily.Of))
        {
            if (!(await Commands.RunAsync(
                "nft", ["list", "table", family.Word, options.PodsTable], cancellationToken)).Succeeded)
            {
                return false;
            }
        }

        return true;
    }

    private async Task UseAsync(IEnumerable<string>? given, CancellationToken cancellationToken)
    {
        var podCidrs = Usable(given ?? []);
        if (podCidrs.Count == 0 || podCidrs.SequenceEqual(_podCidrs))
        {
            return;
        }

        _podCidrs = podCidrs;
        await GuardAsync(() =>
        {
            config.WriteNetwork(podCidrs);
            LogCidr(string.Join(',', podCidrs));
            return ApplyAsync(cancellationToken);
        }, cancellationToken);
    }

    /// <summary>Those of the families that this node serves.</summary>
    private List<string> Usable(IEnumerable<string> podCidrs) =>
        [.. podCidrs.Where(c => options.Families.Contains(IpFamily.Of(c)))];

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        KernelSettings.Forward(options.Families);

        // Before the plugin would make it, which marks nothing: whose it is must show.
        await _bridge.EnsureAsync(cancellationToken);
        foreach (var podCidr in _podCidrs) // none as long as the cluster has not given the node its network
        {
            await ApplyAsync(podCidr, IpFamily.Of(podCidr), cancellationToken);
        }
    }

    private async Task ApplyAsync(string podCidr, IpFamily family, CancellationToken cancellationToken)
    {
        var (ip, table) = (family.Word, $"{family.Word} {options.PodsTable}");
        var bridge = options.BridgeName;
        var cluster = options.ClusterCidrs.First(c => IpFamily.Of(c) == family);
        var rules = $$"""
            add table {{table}}
            delete table {{table}}
            table {{table}} {
              chain postrouting {
                type nat hook postrouting priority 110; policy accept;
                {{ip}} daddr { {{cluster}}, {{family.Multicast}} } accept
                {{ip}} saddr {{podCidr}} oifname != "{{bridge}}" masquerade
              }
            }
            """;
        var result = await Commands.RunAsync("nft", ["-f", "-"], cancellationToken, rules);
        if (!result.Succeeded)
        {
            LogFailed(result.Error.Trim());
        }
    }

    /// <summary>Whatever goes wrong, the next look comes.</summary>
    private async Task GuardAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work();
        }
        catch (Exception failure) when (
            failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            LogFailed(failure.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Pods get addresses of {Cidr}")]
    private partial void LogCidr(string cidr);

    [LoggerMessage(
        2, LogLevel.Error, "The pod network could not be prepared; pods may not reach the outside: {Problem}")]
    private partial void LogFailed(string problem);

    [LoggerMessage(3, LogLevel.Warning, "The table {Table} or the bridge {Bridge} is gone; putting it back")]
    private partial void LogGone(string table, string bridge);
}
