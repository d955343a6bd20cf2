using System.Net;
using System.Net.Sockets;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// Routes to the pods of other nodes: each node's pod network by way of the node's address. That works between nodes on
/// one network; where a router stands between them, it is the router that must know (the kernel refuses a gateway that
/// it cannot reach directly, and this says so once). The routes carry a mark of ours, so that those of nodes that are
/// gone are found and removed, also after a restart.
/// </summary>
public sealed partial class PodRoutes(
    NodeAgentOptions options, IKubernetes client, TimeProvider time, ILogger<PodRoutes> logger) : BackgroundService
{
    /// <summary>Says that a route is ours; free for private use in the kernel's numbering.</summary>
    private const string Protocol = "111";
    private const int AddressField = 0;

    private readonly Dictionary<string, V1Node> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _problems = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly Lock _lock = new();

    /// <summary>
    /// Gateways by pod network, for all nodes but our own; whoever shares our pod network gets none. Pure.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Compute(IEnumerable<V1Node> nodes, string self)
    {
        var all = nodes.ToList();
        var own = all.Where(n => n.Metadata.Name == self).SelectMany(NetworksOf).ToHashSet();
        var routes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in all.Where(n => n.Metadata.Name != self).OrderBy(
            n => n.Metadata.Name, StringComparer.Ordinal))
        {
            foreach (var network in NetworksOf(node).Where(n => !own.Contains(n)))
            {
                if (AddressOf(node, network.BaseAddress.AddressFamily) is { } gateway)
                {
                    routes.TryAdd(network.ToString(), gateway.ToString());
                }
            }
        }

        return routes;
    }

    /// <summary>The networks of a node's pods, one of each family.</summary>
    public static IEnumerable<IPNetwork> NetworksOf(V1Node node) =>
        (node.Spec?.PodCIDRs is { Count: > 0 } all ? all : [node.Spec?.PodCIDR])
            .OfType<string>().Select(NetworkRules.NetworkOf).OfType<IPNetwork>();

    private static IPAddress? AddressOf(V1Node node, AddressFamily family) => (node.Status?.Addresses ?? [])
        .Where(static a => a.Type == "InternalIP")
        .Select(static a => IPAddress.TryParse(a.Address, out var address) ? address : null)
        .FirstOrDefault(a => a?.AddressFamily == family);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.OwnsRuntime || !Commands.Exists("ip"))
        {
            return;
        }

        var following = Follow().RunAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _changed.WaitAsync(stoppingToken);
                await ApplyAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                LogFailed(exception.Message);
            }
        }

        await following;
    }

    private Reflector<V1Node> Follow() => new("nodes", time, logger)
    {
        List = NodeFeed.List(client),
        Watch = NodeFeed.Watch(client),
        Replaced = nodes => Change(() =>
        {
            _nodes.Clear();
            foreach (var node in nodes)
            {
                _nodes[node.Metadata.Name] = node;
            }
        }),
        Changed = (type, node) => Change(() =>
        {
            if (type == WatchEventType.Deleted)
            {
                _nodes.Remove(node.Metadata.Name);
            }
            else
            {
                _nodes[node.Metadata.Name] = node;
            }
        }),
    };

    private void Change(Action change)
    {
        lock (_lock)
        {
            var before = Compute(_nodes.Values, options.NodeName);
            var isFirst = _nodes.Count == 0;
            change();
            var after = Compute(_nodes.Values, options.NodeName);
            if ((isFirst || before.Count != after.Count || after.Except(before).Any()) && _changed.CurrentCount == 0)
            {
                _changed.Release();
            }
        }
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, string> wanted;
        lock (_lock)
        {
            wanted = Compute(_nodes.Values, options.NodeName);
            SayWhoSharesOurNetwork();
        }

        foreach (var cluster in options.ClusterCidrs.Select(static c => IPNetwork.Parse(c)))
        {
            await ApplyAsync(cluster, wanted, cancellationToken);
        }
    }

    /// <summary>Makes the routes to pods of one family as they are to be.</summary>
    private async Task ApplyAsync(
        IPNetwork cluster, IReadOnlyDictionary<string, string> wanted, CancellationToken cancellationToken)
    {
        var family = IpFamily.Of(cluster.BaseAddress);
        var present = await Commands.RunAsync(
            "ip", [family == IpFamily.Four ? "-4" : "-6", "route", "show", "proto", Protocol], cancellationToken);
        foreach (var network in present.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(
            l => l.Split(' ')[AddressField]))
        {
            // Those of other clusters on this machine carry the same mark.
            if (!wanted.ContainsKey(network) && IsWithin(cluster, network))
            {
                await Commands.RunAsync("ip", ["route", "del", network, "proto", Protocol], cancellationToken);
            }
        }

        foreach (var (network, gateway) in wanted.Where(w => IpFamily.Of(w.Key) == family))
        {
            var result = await Commands.RunAsync(
                "ip", ["route", "replace", network, "via", gateway, "proto", Protocol], cancellationToken);
            var problem = result.Succeeded ? "" : result.Error.Trim();
            if (_problems.GetValueOrDefault(network, "") != problem)
            {
                _problems[network] = problem;
                LogNotDirect(network, gateway, problem);
            }
        }
    }

    private static bool IsWithin(IPNetwork all, string network) =>
        IPNetwork.TryParse(network, out var one) ? all.Contains(one.BaseAddress)
            : IPAddress.TryParse(network, out var address) && all.Contains(address);

    private void SayWhoSharesOurNetwork()
    {
        if (_nodes.GetValueOrDefault(options.NodeName) is not { } own)
        {
            return;
        }

        foreach (var node in _nodes.Values.Where(n => n.Metadata.Name != options.NodeName))
        {
            foreach (var shared in NetworksOf(node).Intersect(NetworksOf(own)))
            {
                LogShared(node.Metadata.Name, shared.ToString());
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Routes to other nodes' pods could not be set: {Problem}")]
    private partial void LogFailed(string problem);

    [LoggerMessage(2, LogLevel.Warning, "Pods of {Network} are not reached by way of {Gateway}; the network between the nodes must route them: {Problem}")]
    private partial void LogNotDirect(string network, string gateway, string problem);

    [LoggerMessage(3, LogLevel.Error, "Node {Node} has our own pod network {Network}: pods will get the same addresses; give each node its own with --pod-cidr")]
    private partial void LogShared(string node, string network);
}
