using OrleansOrchestrator.NodeAgent.Containerd;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// What the pod network needs of the host: forwarding, and one nftables rule that gives pods the node's address for
/// everything outside the cluster's pod networks. The rule is put whole and atomically, so it can be repeated.
/// </summary>
public sealed partial class HostNetwork(
    NodeAgentOptions options, ContainerdConfig config, NodeObject node, ILogger<HostNetwork> logger) : BackgroundService
{
    private const string Forwarding = "/proc/sys/net/ipv4/ip_forward";

    private string _podCidr = options.PodCidr;

    private string Table => TableOf(options);

    /// <summary>Name of the nftables table; each bridge has its own, so that two agents do not meet.</summary>
    public static string TableOf(NodeAgentOptions options) => $"orc-pods-{options.BridgeName}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.RuntimeSocket.Length > 0)
        {
            return; // whoever runs that runtime owns its network
        }

        await ApplyAsync(stoppingToken);
        node.Changed += current => _ = UseAsync(current.Spec?.PodCIDR, stoppingToken);
        await UseAsync(node.Current?.Spec?.PodCIDR, stoppingToken);
    }

    private async Task UseAsync(string? podCidr, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(podCidr) || podCidr == _podCidr)
        {
            return;
        }

        _podCidr = podCidr;
        config.WriteNetwork(podCidr);
        LogCidr(podCidr);
        await ApplyAsync(cancellationToken);
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        try
        {
            File.WriteAllText(Forwarding, "1");
            var rules = $$"""
                add table ip {{Table}}
                delete table ip {{Table}}
                table ip {{Table}} {
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
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException
            or System.ComponentModel.Win32Exception)
        {
            LogFailed(exception.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Pods get addresses of {Cidr}")]
    private partial void LogCidr(string cidr);

    [LoggerMessage(
        2, LogLevel.Error, "The pod network could not be prepared; pods may not reach the outside: {Problem}")]
    private partial void LogFailed(string problem);
}
