using System.Text.Json.Nodes;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Kernel;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>
/// Watches the heartbeats of all nodes. One controller sees all of them, since how fast a node may be emptied depends
/// on the others.
/// <para>
/// Silence is measured on this process' monotonic clock, from the moment a change of the Lease or of the reported
/// status was seen here: neither a node's wrong clock nor a step of ours makes a node look dead, and after an outage of
/// ours every node has its full grace again.
/// </para>
/// </summary>
public sealed class NodeLifecycleController : IController
{
    public const string Name = "node-controller";

    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ZoneDisruption _zones;
    private readonly Dictionary<string, Heard> _heard = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private long? _lastSweep;
    private (TimeSpan Last, TimeSpan Before) _gaps;
    private bool _cannotWrite;
    private readonly WakeSignal _changed = new();

    public NodeLifecycleController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.Controller(Name));
        _events = services.Events.For(Name);
        _options = services.Options;
        _time = services.Time;
        _logger = services.Logger<NodeLifecycleController>();
        _zones = new ZoneDisruption(_time);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Loops.RunAsync([FollowAsync, TickAsync, SweepOnChangeAsync], cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        _cannotWrite = false;
        try
        {
            await SweepAsync(cancellationToken);
        }
        finally
        {
            // When we cannot write, nodes cannot renew their Leases either: all begin anew.
            _lastSweep = _cannotWrite ? null : _lastSweep;
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
    /// A heartbeat, the usual change, is none: it is heard at the next tick, as Leases are. Among thousands of nodes
    /// there is always one that has just told its status, and each sweep looks at all.
    /// </summary>
    internal static bool IsNews(ResourceChange change) =>
        change.Kind != ChangeKind.Modified
        || change.Previous is null
        || NodeHealthPlanner.Differ(change.Previous.As<V1Node>(), change.Object.As<V1Node>());

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.NodeMonitorPeriod, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            _changed.Set();
        }
    }

    private async Task SweepOnChangeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _changed.WaitAsync(cancellationToken);
            await Failures.TellAsync(ResyncAsync, _logger, Name, cancellationToken);

            // A thousand nodes that register at once must not cause a thousand sweeps of all.
            await Task.Delay(_options.WakeInterval, _time, cancellationToken);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var nodes = await _client.ListAsync(ResourceOf<V1Node>.Query(), cancellationToken);
        var leases = await _client.ListAsync(
            ResourceOf<V1Lease>.Query(WellKnown.NodeLeaseNamespace), cancellationToken);
        ForgiveDeafness();
        var leaseRevisions = leases.Items.ToDictionary(l => l.Key.Name, l => l.Revision, StringComparer.Ordinal);
        foreach (var item in nodes.Items)
        {
            Listen(item, leaseRevisions.GetValueOrDefault(item.Key.Name));
        }

        Forget(nodes.Items);
        ObserveZones();
        var failures = new Failures();
        foreach (var item in nodes.Items)
        {
            await failures.TryAsync(() => EvaluateAsync(item, _heard[item.Key.Name], cancellationToken));
        }

        failures.ThrowIfAny();
    }

    /// <summary>
    /// Takes stock before anything is decided: nodes that fall silent together are down together. When all were down
    /// and one is heard again, it is most likely we who were cut off: all have their grace again.
    /// </summary>
    private void ObserveZones()
    {
        var wasEverythingDown = _zones.IsEverythingDown;
        _zones.Observe(
            from heard in _heard.Values where !heard.IsExcluded select (heard.Zone, heard.IsDown || IsSilent(heard)));
        if (wasEverythingDown && !_zones.IsEverythingDown)
        {
            foreach (var heard in _heard.Values)
            {
                heard.LastHeard = _time.GetTimestamp();
            }
        }
    }

    private bool IsSilent(Heard heard) => _time.GetElapsedTime(heard.LastHeard) > _options.NodeMonitorGracePeriod;

    /// <summary>
    /// Time in which nobody was listened to is nobody's silence: we stood still, or the store could not be read, and
    /// then no Lease could be renewed either. But who comes this seldom every time, driven by reminders alone, does
    /// listen, at that pace, though now and then it comes twice.
    /// </summary>
    private void ForgiveDeafness()
    {
        var now = _time.GetTimestamp();
        var gap = _lastSweep is { } last ? _time.GetElapsedTime(last, now) : TimeSpan.MaxValue;
        var usual = _gaps.Last > _gaps.Before ? _gaps.Last : _gaps.Before;
        var isDeaf = gap > 2 * _options.NodeMonitorPeriod && gap - _options.NodeMonitorPeriod > usual;
        _gaps = _lastSweep is null ? default : (gap, _gaps.Last);
        foreach (var heard in _heard.Values.Where(_ => isDeaf))
        {
            heard.LastHeard = _lastSweep is { } before ? heard.LastHeard + now - before : now;
        }

        _lastSweep = now;
    }

    /// <summary>Takes notice of heartbeats. Decodes a node only when it has changed.</summary>
    private void Listen(ResourceObject item, long leaseRevision)
    {
        if (!_heard.TryGetValue(item.Key.Name, out var heard) || heard.Uid != item.Uid)
        {
            var isNew = item.Metadata.CreationTimestamp is { } created
                && _time.GetUtcNow() - created < _options.NodeStartupGracePeriod;
            _heard[item.Key.Name] = heard = new Heard(item.Uid) { LastHeard = _time.GetTimestamp() };
            if (isNew)
            {
                var node = item.As<V1Node>();
                Note(
                    node,
                    "RegisteredNode",
                    $"Node {item.Key.Name} event: Registered Node {item.Key.Name} in Controller");
            }
        }

        if (heard.NodeRevision != item.Revision)
        {
            var node = item.As<V1Node>();
            var heartbeat = node.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready")?.LastHeartbeatTime;
            heard.LastHeard = heartbeat != heard.Heartbeat ? _time.GetTimestamp() : heard.LastHeard;
            heard.Heartbeat = heartbeat;
            heard.Zone = ZoneDisruption.ZoneOf(node);
            heard.IsDown = NodeHealthPlanner.IsDown(node);
            heard.IsExcluded = NodeHealthPlanner.IsExcluded(node);
        }

        if (heard.LeaseRevision != leaseRevision)
        {
            heard.LeaseRevision = leaseRevision;
            heard.LastHeard = _time.GetTimestamp();
        }
    }

    private void Forget(IReadOnlyList<ResourceObject> nodes)
    {
        if (_heard.Count == nodes.Count)
        {
            return;
        }

        var known = nodes.Select(n => n.Key.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, heard) in _heard.Where(h => !known.Contains(h.Key)).ToList())
        {
            _heard.Remove(name);
            var gone = new V1Node { Metadata = new V1ObjectMeta { Name = name, Uid = heard.Uid } };
            Note(gone, "RemovingNode", $"Node {name} event: Removing Node {name} from Controller");
        }
    }

    private async Task EvaluateAsync(ResourceObject item, Heard heard, CancellationToken cancellationToken)
    {
        if (heard.NodeRevision == item.Revision && !IsSilent(heard) && !heard.IsDown)
        {
            return;
        }

        var node = item.As<V1Node>();
        var plan = NodeHealthPlanner.Compute(
            new NodeObserved
            {
                Node = node,
                Silence = _time.GetElapsedTime(heard.LastHeard),
                MayEvict = _zones.HasToken(heard.Zone),
                IsEverythingDown = _zones.IsEverythingDown,
            },
            new NodeGrace(_options.NodeMonitorGracePeriod, _options.NodeStartupGracePeriod),
            _time.GetUtcNow());
        await ApplyAsync(node, heard, plan, cancellationToken);
        heard.NodeRevision = item.Revision;
    }

    private async Task ApplyAsync(V1Node node, Heard heard, NodePlan plan, CancellationToken cancellationToken)
    {
        var key = node.Key();
        if (plan.Conditions is { } conditions)
        {
            Expect(key, await _client.MutateAsync<V1Node>(key, "status", n => SetConditions(n, node, conditions), cancellationToken));
            heard.IsDown = true;
        }

        if (plan.Taints is { } taints && (!plan.Evicts || _zones.TryTake(heard.Zone)))
        {
            var isSet = false;
            var written = await _client.MutateAsync<V1Node>(
                key, "", n => isSet = SetTaints(n, node, taints), cancellationToken);
            Expect(key, written);
            if (plan.Evicts && isSet && written.Succeeded)
            {
                NodeEvictionMeter.Evicted(heard.Zone);
            }
        }

        if (plan.IsSilent && heard.MayHaveReadyPods)
        {
            if (plan.Conditions is not null)
            {
                Note(node, "NodeNotReady", $"Node {key.Name} status is now: NodeNotReady");
            }

            await MarkPodsAsync(key.Name, cancellationToken);
        }

        heard.MayHaveReadyPods = plan.Ready == "True";
    }

    /// <summary>False, and nothing is written, if the node has reported meanwhile.</summary>
    private static bool SetConditions(V1Node current, V1Node seen, IReadOnlyList<V1NodeCondition> conditions)
    {
        if (current.Metadata.ResourceVersion != seen.Metadata.ResourceVersion)
        {
            return false;
        }

        current.Status ??= new V1NodeStatus();
        current.Status.Conditions = [.. conditions];
        return true;
    }

    private static bool SetTaints(V1Node current, V1Node seen, IReadOnlyList<V1Taint> taints)
    {
        // The status may have been written a moment ago, by us; the taints must be those that the plan was made from.
        if (!Keys(current).SequenceEqual(Keys(seen)))
        {
            return false;
        }

        current.Spec ??= new V1NodeSpec();
        current.Spec.Taints = taints.Count == 0 ? null : [.. taints];
        return true;
    }

    private static IEnumerable<(string, string)> Keys(V1Node node) =>
        (node.Spec?.Taints ?? []).Select(t => (t.Key, t.Effect));

    private async Task MarkPodsAsync(string node, CancellationToken cancellationToken)
    {
        var pods = await _client.ListAsync(
            ResourceOf<V1Pod>.Query() with { FieldSelector = $"spec.nodeName={node}" }, cancellationToken);
        var failures = new Failures();
        foreach (var pod in pods.Items.Where(p => PodFacts.Of(p).IsReady))
        {
            await failures.TryAsync(() => MarkPodAsync(pod, cancellationToken));
        }

        failures.ThrowIfAny();
    }

    private async Task MarkPodAsync(ResourceObject pod, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow().ToApiText();
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = pod.Uid },
            ["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "Ready", ["status"] = "False", ["lastTransitionTime"] = now,
                }),
            },
        };
        var marked = await _client.PatchStatusAsync<V1Pod>(pod.Key, patch, cancellationToken);
        Expect(pod.Key, marked);
        if (marked.Succeeded)
        {
            _events.Record(EventNote.Warning(pod.As<V1Pod>(), "NodeNotReady", "Node is not ready"));
        }
    }

    private void Note(V1Node node, string reason, string message) =>
        _events.Record(EventNote.Normal(node, reason, message));

    /// <summary>Gone or changed meanwhile: the next sweep sees it.</summary>
    private void Expect(ObjectKey key, Outcome<ResourceObject> outcome)
    {
        _cannotWrite |= !outcome.Succeeded && outcome.Error.Reason is StatusReasons.ServiceUnavailable or StatusReasons.Timeout;
        outcome.ThrowIfRefused($"{key}", StatusReasons.NotFound, StatusReasons.Conflict, StatusReasons.Invalid);
    }

    /// <summary>What was last heard of a node.</summary>
    private sealed class Heard(string uid)
    {
        public string Uid { get; } = uid;

        /// <summary>The version that was evaluated.</summary>
        public long NodeRevision { get; set; }

        public long LeaseRevision { get; set; }

        public DateTime? Heartbeat { get; set; }

        public long LastHeard { get; set; }

        public string Zone { get; set; } = "";

        public bool IsDown { get; set; }

        public bool IsExcluded { get; set; }

        /// <summary>
        /// It was ready when last looked at, or nothing is known yet: when it falls silent its pods must be marked.
        /// </summary>
        public bool MayHaveReadyPods { get; set; } = true;
    }
}
