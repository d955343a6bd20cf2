using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Containerd;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// What the pod network needs of the host: forwarding, and one nftables rule that gives pods the node's address for
/// everything outside the cluster's pod networks. The rule is put whole and atomically, so it can be repeated.
/// </summary>
public sealed partial class HostNetwork(
    NodeAgentOptions options, ContainerdConfig config, NodeObject node, TimeProvider time, ILogger<HostNetwork> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(10);
    private const string Forwarding = "/proc/sys/net/ipv4/ip_forward";

    private readonly OwnedLink _bridge = new(options.BridgeName, options.DataDirectory);
    private string _podCidr = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.OwnsRuntime)
        {
            return;
        }

        await GuardAsync(() =>
        {
            _podCidr = config.PodCidr;
            return ApplyAsync(stoppingToken);
        }, stoppingToken);
        node.Changed += current => _ = UseAsync(current.Spec?.PodCIDR, stoppingToken);
        await UseAsync(node.Current?.Spec?.PodCIDR, stoppingToken);
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
                var shown = await Commands.RunAsync(
                    "nft", ["list", "table", "ip", options.PodsTable], cancellationToken);
                if ((!shown.Succeeded && _podCidr.Length > 0) || !_bridge.Exists)
                {
                    LogGone(options.PodsTable, options.BridgeName);
                    await ApplyAsync(cancellationToken);
                }
            }, cancellationToken);
        }
    }

    private async Task UseAsync(string? podCidr, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(podCidr) || podCidr == _podCidr)
        {
            return;
        }

        _podCidr = podCidr;
        await GuardAsync(() =>
        {
            config.WriteNetwork(podCidr);
            LogCidr(podCidr);
            return ApplyAsync(cancellationToken);
        }, cancellationToken);
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        File.WriteAllText(Forwarding, "1");
        // Before the plugin would make it, which marks nothing: whose it is must show.
        await _bridge.EnsureAsync(cancellationToken);
        if (_podCidr.Length == 0)
        {
            return; // the cluster has not given the node its network yet
        }

        var rules = $$"""
            add table ip {{options.PodsTable}}
            delete table ip {{options.PodsTable}}
            table ip {{options.PodsTable}} {
              chain postrouting {
                type nat hook postrouting priority 110; policy accept;
                ip saddr {{_podCidr}} ip daddr != {{options.ClusterCidr}} ip daddr != 224.0.0.0/4 oifname != "{{options.BridgeName}}" masquerade
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
