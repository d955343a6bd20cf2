using System.Collections.Concurrent;
using System.Net;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>
/// Gives nodes what they have from the cluster: ranges of addresses for their pods, how long their agents may rely on
/// copies, and old names of their labels. Upstream has a controller for each; a node that registers costs one write
/// here.
/// <para>
/// Which ranges are held is read from the nodes, never kept elsewhere: a successor of this controller begins with a
/// linearizable list of all of them.
/// </para>
/// </summary>
public sealed partial class NodeFurnishingController : IController
{
    public const string Name = "node-ipam-controller";

    private const int MaxFanOut = 32;

    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly WakeSignal _changed = new();
    private readonly List<IPNetwork> _serviceRanges;

    private List<NodeRanges>? _ranges;
    private int _step;

    /// <summary>The last sweep had no range for some node; written by sweeps, read by who hears of changes.</summary>
    private volatile bool _isUsedUp;

    public NodeFurnishingController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.Controller(NodeLifecycleController.Name));
        _events = services.Events.For("cidrAllocator", NodeLifecycleController.Name);
        _options = services.Options;
        _time = services.Time;
        _logger = services.Logger<NodeFurnishingController>();
        _serviceRanges =
            [.. (services.ServiceRange?.Cidrs ?? []).Select(NetworkRules.NetworkOf).OfType<IPNetwork>()];
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Loops.RunAsync([FollowAsync, SweepOnChangeAsync], cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await SweepAsync(cancellationToken);
        }
        catch
        {
            // Whether a range was given out is not known: the nodes say it.
            _ranges = null;
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.Nodes, _options, cancellationToken))
        {
            if (IsNews(change))
            {
                _changed.Set();
            }
        }
    }

    /// <summary>
    /// A heartbeat, the usual change, is none; nor is one of a node that has no range, while there is none to give.
    /// </summary>
    internal bool IsNews(ResourceChange change) =>
        change.Kind != ChangeKind.Modified
        || (!_isUsedUp && RangesOf(change.Object).Count == 0)
        || NodeFurnishingPlanner.Patch(change.Object, _step, []) is not null;

    private async Task SweepOnChangeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _changed.WaitAsync(cancellationToken);
            await ResyncAsync(cancellationToken);

            // A thousand nodes that register at once must not cause a thousand sweeps of all.
            await Task.Delay(_options.WakeInterval, _time, cancellationToken);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (_ranges is null)
        {
            _ranges = [.. _options.PodNetworks.Select(static n => new NodeRanges(n))];

            // Where the networks overlap, an address of a Service is no pod's (upstream's filterOutServiceRange).
            ForEach(_serviceRanges, static (ranges, range) => ranges.Hold(range));
            _known.Clear();
        }

        var nodes = (await _client.ListAsync(
            ResourceOf<V1Node>.Query() with { Freshness = ReadFreshness.Linearizable }, cancellationToken)).Items;
        Forget(nodes);
        foreach (var node in nodes)
        {
            Learn(node);
        }

        _step = NodeFurnishingPlanner.StepOf(nodes.Count, _step);
        _isUsedUp = false;
        var patches = nodes.Select(n => (Node: n, Patch: NodeFurnishingPlanner.Patch(n, _step, Give(n))))
            .Where(static p => p.Patch is not null)
            .ToList();
        var refused = new ConcurrentBag<(ResourceObject Node, Status Why)>();
        await Parallel.ForEachAsync(
            patches,
            new ParallelOptions { MaxDegreeOfParallelism = MaxFanOut, CancellationToken = cancellationToken },
            async (item, token) =>
            {
                var outcome = await _client.PatchAsync<V1Node>(
                    item.Node.Key, PatchKind.Merge, item.Patch!.ToJsonString(), "", token);
                if (!outcome.Succeeded)
                {
                    refused.Add((item.Node, outcome.Error));
                }
            });
        foreach (var (node, why) in refused)
        {
            TakeBack(node, why);
        }
    }

    /// <summary>
    /// A node that takes no writes, because it is not valid as it is, keeps no other from its range: the next sweep
    /// tries again, and finds out those that are gone. What is not known to be refused may hold its range: nodes are
    /// read anew.
    /// </summary>
    private void TakeBack(ResourceObject node, Status why)
    {
        if (why.Reason == StatusReasons.NotFound)
        {
            return;
        }

        if (why.Code is not (>= 400 and < 500))
        {
            throw ReconcileException.Of($"node {node.Key.Name}", why);
        }

        LogRefused(node.Key.Name, why.Message);
        if (_known[node.Key.Name] is { Ranges.Count: > 0 } known && RangesOf(node).Count == 0)
        {
            Tell(node, "CIDRAssignmentFailed");
            ForEach(known.Ranges, static (ranges, range) => ranges.Release(range));
            known.Ranges = [];
        }
    }

    private void Forget(IReadOnlyList<ResourceObject> nodes)
    {
        var living = nodes.Select(static n => n.Uid).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, known) in _known.Where(k => !living.Contains(k.Value.Uid)).ToList())
        {
            ForEach(known.Ranges, static (ranges, range) => ranges.Release(range));
            _known.Remove(name);
        }
    }

    /// <summary>Takes notice of the ranges that a node has. They never change once it has them.</summary>
    private void Learn(ResourceObject node)
    {
        if (!_known.TryGetValue(node.Key.Name, out var known))
        {
            _known[node.Key.Name] = known = new Known(node.Uid);
        }

        if (known.Ranges.Count == 0 && known.Revision != node.Revision && RangesOf(node) is { Count: > 0 } ranges)
        {
            known.Ranges = ranges;
            ForEach(ranges, static (all, range) => all.Hold(range));
        }

        known.Revision = node.Revision;
    }

    /// <summary>Ranges for a node that has none; none when it has, or when one of the networks is used up.</summary>
    private IReadOnlyList<IPNetwork> Give(ResourceObject node)
    {
        var known = _known[node.Key.Name];
        if (known.Ranges.Count > 0)
        {
            return [];
        }

        var taken = _ranges!.Select(static r => r.Take()).TakeWhile(static r => r is not null)
            .Select(static r => r!.Value).ToList();
        if (taken.Count == _ranges!.Count)
        {
            return known.Ranges = taken;
        }

        ForEach(taken, static (ranges, range) => ranges.Release(range));
        _isUsedUp = true;
        if (!known.WasTold)
        {
            known.WasTold = true;
            Tell(node, "CIDRNotAvailable");
        }

        return [];
    }

    private void Tell(ResourceObject node, string what) => _events.Record(EventNote.Normal(
        new V1Node { Metadata = new V1ObjectMeta { Name = node.Key.Name, Uid = node.Uid } },
        what,
        $"Node {node.Key.Name} status is now: {what}"));

    private void ForEach(IReadOnlyList<IPNetwork> ranges, Action<NodeRanges, IPNetwork> change)
    {
        foreach (var (all, range) in _ranges!.SelectMany(_ => ranges, static (a, r) => (a, r)))
        {
            change(all, range);
        }
    }

    private static List<IPNetwork> RangesOf(ResourceObject node) =>
    [
        .. (node.As<V1Node>().Spec?.PodCIDRs ?? []).Select(NetworkRules.NetworkOf).OfType<IPNetwork>(),
    ];

    [LoggerMessage(Level = LogLevel.Warning, Message = "node {Node} takes no range or label now: {Error}")]
    private partial void LogRefused(string node, string? error);

    /// <summary>What is known of a node.</summary>
    private sealed class Known(string uid)
    {
        public string Uid { get; } = uid;

        public long Revision { get; set; }

        public IReadOnlyList<IPNetwork> Ranges { get; set; } = [];

        /// <summary>People know that there is no range for it.</summary>
        public bool WasTold { get; set; }
    }
}
