using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using OrleansOrchestrator.Grains.Kernel;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>
/// Deletes pods from nodes with NoExecute taints that they do not tolerate, or no longer. Holds only who must leave
/// when; when the time comes it
/// looks again, so a taint that went away in time saves the pod.
/// </summary>
public sealed class TaintEvictionController : IController
{
    public const string Name = "taint-eviction-controller";

    /// <summary>Reason of the events.</summary>
    private const string Evicting = "TaintManagerEviction";

    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly HashSet<string> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _taintedNodes = new(StringComparer.Ordinal);

    /// <summary>Taints without a time of their own count from when they were first seen here.</summary>
    private readonly Dictionary<(string Node, string Taint), DateTimeOffset> _firstSeen = [];

    /// <summary>When the node will be visited again; one timer a node, not one a change.</summary>
    private readonly Dictionary<string, DateTimeOffset> _scheduled = new(StringComparer.Ordinal);
    private readonly ScheduledEvictions _evictions = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public TaintEvictionController(ReconcilingServices services)
    {
        _client = services.Client.As(UserIdentity.Controller(Name));
        _events = services.Events.For(Name);
        _options = services.Options;
        _time = services.Time;
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Loops.RunAsync([FollowNodesAsync, FollowPodsAsync, EvictAsync], cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var nodes = await _client.ListAsync(ResourceOf<V1Node>.Query(), cancellationToken);
        foreach (var node in nodes.Items)
        {
            await VisitAsync(node.Key.Name, cancellationToken);
        }
    }

    private async Task FollowNodesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.FollowAsync(WellKnown.Nodes, cancellationToken))
        {
            if (_options.DropWakeUps || ReferenceEquals(change, ResourceChange.Synced))
            {
                continue;
            }

            // A node that heartbeats without a change of taints, the usual case, costs this and no more.
            var taints = change.Kind == ChangeKind.Deleted ? "" : Describe(change.Object.As<V1Node>());
            lock (_lock)
            {
                if (_taintedNodes.GetValueOrDefault(change.Object.Key.Name, "") == taints)
                {
                    continue;
                }

                SetTainted(change.Object.Key.Name, taints);
                _nodes.Add(change.Object.Key.Name);
            }

            _signal.Writer.TryWrite(true);
        }
    }

    private async Task FollowPodsAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.FollowAsync(WellKnown.Pods, cancellationToken))
        {
            if (_options.DropWakeUps || ReferenceEquals(change, ResourceChange.Synced))
            {
                continue;
            }

            var node = PodFacts.Of(change.Object).NodeName;
            if (change.Kind == ChangeKind.Deleted)
            {
                SayCalledOff(_evictions.Remove(node, change.Object.Key, _time.GetUtcNow()));
                continue;
            }

            lock (_lock)
            {
                if (node.Length == 0 || !_taintedNodes.ContainsKey(node))
                {
                    continue;
                }

                _nodes.Add(node);
            }

            _signal.Writer.TryWrite(true);
        }
    }

    private async Task EvictAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            List<string> nodes;
            lock (_lock)
            {
                nodes = [.. _nodes];
                _nodes.Clear();
            }

            foreach (var node in nodes)
            {
                if (await VisitAsync(node, cancellationToken) is { } next)
                {
                    _ = VisitLaterAsync(node, next, cancellationToken);
                }
            }

            await _signal.Reader.ReadAsync(cancellationToken);
        }
    }

    private async Task VisitLaterAsync(string node, TimeSpan delay, CancellationToken cancellationToken)
    {
        var due = _time.GetUtcNow() + delay;
        lock (_lock)
        {
            if (_scheduled.TryGetValue(node, out var sooner) && sooner <= due)
            {
                return;
            }

            _scheduled[node] = due;
        }

        await Task.Delay(delay, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            _nodes.Add(node);
            if (_scheduled.GetValueOrDefault(node) == due)
            {
                _scheduled.Remove(node);
            }
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>Deletes who must leave the node now; returns when the next must.</summary>
    private async Task<TimeSpan?> VisitAsync(string name, CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1Node>(
            new ObjectKey("", name), ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            return null;
        }

        var now = _time.GetUtcNow();
        var taints = NoExecute(read.Value);
        if (taints.Count == 0)
        {
            foreach (var pod in _evictions.RemoveAll(name, now))
            {
                SayCalledOff(pod);
            }

            return null;
        }

        var pods = await _client.ListAsync(
            ResourceOf<V1Pod>.Query() with { FieldSelector = $"spec.nodeName={name}", Freshness = ReadFreshness.Linearizable },
            cancellationToken);
        DateTimeOffset? next = null;
        foreach (var pod in pods.Items.Where(p => PodFacts.Of(p).IsActive).Select(p => p.As<V1Pod>()))
        {
            var due = await VisitAsync(name, pod, taints, now, cancellationToken);
            next = next is null || due < next ? due ?? next : next;
        }

        return next - now;
    }

    /// <summary>Deletes the pod if it must leave now; when it must later.</summary>
    private async Task<DateTimeOffset?> VisitAsync(
        string node, V1Pod pod, List<V1Taint> taints, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var due = TaintEvictionPlanner.DueAt(pod, taints, now);
        if (due > now)
        {
            _evictions.Add(node, pod, due.Value);
            return due;
        }

        // As upstream, a pod that must leave sooner than was said is told of both.
        SayCalledOff(_evictions.Remove(node, pod.Key(), now));
        if (due is not null)
        {
            await DeleteAsync(pod, cancellationToken);
        }

        return null;
    }

    private void SayCalledOff(V1Pod? pod)
    {
        if (pod is not null)
        {
            _events.Record(EventNote.Normal(pod, Evicting, $"Cancelling deletion of Pod {pod.Key()}"));
        }
    }

    private async Task DeleteAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        _events.Record(EventNote.Normal(pod, Evicting, $"Marking for deletion Pod {pod.Key()}"));
        var patch = PodDisruption.Patch(
            pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", null, _time.GetUtcNow());
        var marked = await _client.PatchStatusAsync<V1Pod>(pod.Key(), patch, cancellationToken);
        if (marked.Succeeded)
        {
            marked = await _client.DeleteAsync(
                new DeleteRequest { Resource = WellKnown.Pods, Key = pod.Key(), Uid = pod.Metadata.Uid }, cancellationToken);
        }

        if (!marked.Succeeded
            && marked.Error.Reason is not (StatusReasons.NotFound or StatusReasons.Conflict or StatusReasons.Invalid))
        {
            throw new ReconcileException($"eviction of {pod.Key()}: {marked.Error.Message}");
        }
    }

    private List<V1Taint> NoExecute(V1Node node)
    {
        var taints = (node.Spec?.Taints ?? []).Where(t => t.Effect == "NoExecute").ToList();
        lock (_lock)
        {
            return [.. taints.Select(t => t.TimeAdded is not null ? t : Timed(node.Metadata.Name, t))];
        }
    }

    private V1Taint Timed(string node, V1Taint taint)
    {
        var id = (node, $"{taint.Key}={taint.Value}");
        if (!_firstSeen.TryGetValue(id, out var seen))
        {
            _firstSeen[id] = seen = _time.GetUtcNow();
        }

        return new V1Taint { Key = taint.Key, Value = taint.Value, Effect = taint.Effect, TimeAdded = seen.UtcDateTime };
    }

    private void SetTainted(string node, string taints)
    {
        if (taints.Length > 0)
        {
            _taintedNodes[node] = taints;
            return;
        }

        _taintedNodes.Remove(node);
        foreach (var id in _firstSeen.Keys.Where(k => k.Node == node).ToList())
        {
            _firstSeen.Remove(id);
        }
    }

    private static string Describe(V1Node node) => string.Join(
        ',',
        (node.Spec?.Taints ?? []).Where(t => t.Effect == "NoExecute")
            .Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Key}={t.Value}@{t.TimeAdded:O}")));
}
