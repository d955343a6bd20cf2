using System.Globalization;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Grains.Kernel;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>
/// Deletes pods from nodes with NoExecute taints that they do not tolerate, or no longer. Holds only who must leave
/// when; when the time comes it looks again, so a taint that went away in time saves the pod.
/// </summary>
public sealed class TaintEvictionController : IController
{
    public const string Name = "taint-eviction-controller";

    /// <summary>Reason of the events.</summary>
    private const string Evicting = "TaintManagerEviction";

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    private readonly IResourceClient _client;
    private readonly EventRecorder _events;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly ILogger _logger;
    private readonly RetryQueue<string> _queue;
    private readonly Dictionary<string, string> _taintedNodes = new(StringComparer.Ordinal);

    /// <summary>Taints without a time of their own count from when they were first seen here.</summary>
    private readonly Dictionary<(string Node, string Taint), DateTimeOffset> _firstSeen = [];
    private readonly ScheduledEvictions<string> _evictions = new();

    public TaintEvictionController(ReconcilingServices services)
    {
        // Upstream's uses the account, and so the rights, of the controller that this was a part of.
        _client = services.Client.As(UserIdentity.Controller(NodeLifecycleController.Name));
        _events = services.Events.For(Name, NodeLifecycleController.Name);
        _options = services.Options;
        _time = services.Time;
        _logger = services.Logger<TaintEvictionController>();
        _queue = new RetryQueue<string>(FirstRetry, LongestRetry, _time);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunAsync(
        [
            FollowNodesAsync, FollowPodsAsync,
            token => _queue.RunAsync(1, WorkAsync, Failures.Teller<string>(_logger, Name), token),
        ],
        cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var nodes = await _client.ListAsync(ResourceOf<V1Node>.Query(), cancellationToken);
        var failures = new Failures();
        foreach (var node in nodes.Items)
        {
            await failures.TryAsync(() => VisitAsync(node.Key.Name, cancellationToken));
        }

        failures.ThrowIfAny();
    }

    private async Task FollowNodesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.Nodes, _options, cancellationToken))
        {
            // A node that heartbeats without a change of taints, the usual case, costs this and no more.
            var taints = change.Kind == ChangeKind.Deleted ? "" : Describe(change.Object.As<V1Node>());
            lock (_lock)
            {
                if (_taintedNodes.GetValueOrDefault(change.Object.Key.Name, "") == taints)
                {
                    continue;
                }

                SetTainted(change.Object.Key.Name, taints);
            }

            if (change.Kind != ChangeKind.Deleted && taints.Length == 0)
            {
                // At once: the next look may find a taint that came only then.
                CallOff(change.Object.Key.Name);
            }

            _queue.Add(change.Object.Key.Name);
        }
    }

    private async Task FollowPodsAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(WellKnown.Pods, _options, cancellationToken))
        {
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
            }

            _queue.Add(node);
        }
    }

    private async Task<TimeSpan?> WorkAsync(string node, CancellationToken cancellationToken)
    {
        await VisitAsync(node, cancellationToken);
        return null;
    }

    /// <summary>Deletes who must leave the node now, and comes again when the next must.</summary>
    private async Task VisitAsync(string name, CancellationToken cancellationToken)
    {
        var read = await _client.GetAsync<V1Node>(
            new ObjectKey("", name), ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"node {name}") is not { } node)
        {
            return;
        }

        var now = _time.GetUtcNow();
        var taints = NoExecute(node);
        if (taints.Count == 0)
        {
            CallOff(name);
            return;
        }

        var pods = await _client.ListAsync(
            ResourceOf<V1Pod>.Query() with { FieldSelector = $"spec.nodeName={name}", Freshness = ReadFreshness.Linearizable },
            cancellationToken);
        DateTimeOffset? next = null;
        var failures = new Failures();

        // As upstream, those that have ended leave too.
        foreach (var pod in pods.Items.Where(p => !PodFacts.Of(p).IsTerminating).Select(p => p.As<V1Pod>()))
        {
            var due = Consider(name, pod, taints, now);
            if (due > now)
            {
                next = next is null || due < next ? due : next;
            }
            else if (due is not null)
            {
                await failures.TryAsync(() => DeleteAsync(name, pod, cancellationToken));
            }
        }

        if (next is { } again)
        {
            _queue.Add(name, again - now);
        }

        failures.ThrowIfAny();
    }

    /// <summary>
    /// When the pod must leave the node; notes it until it has been deleted. As upstream, who is to leave gains no time
    /// by another taint in the place of the first, nor by tolerating it for longer, unless that is for ever.
    /// </summary>
    private DateTimeOffset? Consider(string node, V1Pod pod, List<V1Taint> taints, DateTimeOffset now)
    {
        var due = TaintEvictionPlanner.DueAt(pod, taints, now);
        if (due > now && _evictions.Find(node, pod) is { } said && said < due)
        {
            due = said;
        }

        if (due is null || due <= now)
        {
            // As upstream, a pod that must leave sooner than was said is told of both.
            SayCalledOff(_evictions.Remove(node, pod.Key(), now));
        }

        if (due is { } time)
        {
            _evictions.Add(node, pod, time);
        }

        return due;
    }

    /// <summary>Nothing drives pods from the node any more.</summary>
    private void CallOff(string node)
    {
        foreach (var pod in _evictions.RemoveAll(node, _time.GetUtcNow()))
        {
            SayCalledOff(pod);
        }
    }

    private void SayCalledOff(V1Pod? pod)
    {
        if (pod is not null)
        {
            _events.Record(EventNote.Normal(pod, Evicting, $"Cancelling deletion of Pod {pod.Key()}"));
        }
    }

    private async Task DeleteAsync(string node, V1Pod pod, CancellationToken cancellationToken)
    {
        _events.Record(EventNote.Normal(pod, Evicting, $"Marking for deletion Pod {pod.Key()}"));
        var patch = PodDisruption.Patch(
            pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", null, _time.GetUtcNow());
        var evicted = await PodDisruption.EvictAsync(
            _client, pod.Key(), pod.Metadata.Uid, patch, cancellationToken);
        evicted.ThrowIfRefused(
            $"eviction of {pod.Key()}", StatusReasons.NotFound, StatusReasons.Conflict, StatusReasons.Invalid);
        if (evicted.Succeeded || evicted.Error.Reason == StatusReasons.NotFound)
        {
            _evictions.Remove(node, pod.Key(), _time.GetUtcNow());
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
