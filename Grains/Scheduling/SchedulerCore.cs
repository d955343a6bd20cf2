using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// The whole of scheduling but for input and output: it is told what happened to nodes, pods and bindings, and says
/// which pod goes where. One thread, no waiting, all time and chance injected: a simulation replays it exactly.
/// </summary>
/// <remarks>
/// Invariants: a pod is accounted to at most one node; it is in the queue or on a node, never both. A decision is
/// accounted at once (the pod is <i>assumed</i> on its node) so that the next decision sees it, long before the binding
/// is durable. An assumed pod becomes an assigned one when its change arrives, and goes back to the queue when the
/// binding fails. If neither happens, <see cref="TakeDoubtful"/> asks the caller to look.
/// </remarks>
public sealed partial class SchedulerCore
{
    /// <summary>
    /// How long after a successful binding the pod's change may take before the scheduler goes to look.
    /// </summary>
    public static readonly TimeSpan AssumedExpiry = TimeSpan.FromSeconds(30);

    private readonly Dictionary<ObjectKey, TrackedPod> _pods = [];
    private readonly Dictionary<ObjectKey, TrackedPod> _assumed = [];
    private readonly ClusterEvents _events = new();
    private readonly ClusterTables _tables = new();
    private readonly Dictionary<string, ProfileParts> _profiles;
    private readonly TimeProvider _time;
    private readonly PodReader _reader;

    /// <summary>One with upstream's default profile, under a name.</summary>
    public SchedulerCore(string schedulerName, TimeProvider time, Random random, int percentageOfNodesToScore = 0)
        : this([new SchedulerProfile { Name = schedulerName }], time, random, percentageOfNodesToScore)
    {
    }

    /// <param name="profiles">How pods are scheduled.</param>
    /// <param name="time">The time.</param>
    /// <param name="random">Breaks ties.</param>
    /// <param name="percentageOfNodesToScore">What holds for profiles that say nothing.</param>
    /// <param name="metrics">Told what is done and how long it takes; null for nobody.</param>
    public SchedulerCore(
        IEnumerable<SchedulerProfile> profiles, TimeProvider time, Random random, int percentageOfNodesToScore = 0,
        SchedulerMetrics? metrics = null)
    {
        _time = _tables.Devices.Time = time;
        _reader = new PodReader(_tables.Scalars);
        Nodes = new NodeTable(_tables);
        Queue = new SchedulingQueue(pod => _profiles![pod.SchedulerName].Plugins, time, metrics);
        _profiles = profiles.ToDictionary(
            static p => p.Name,
            p => new ProfileParts(
                p, Nodes, _tables, random, percentageOfNodesToScore, new ExtensionTimes(metrics, p.Name, time)),
            StringComparer.Ordinal);
    }

    /// <summary>What the core is to be told about.</summary>
    public IReadOnlyList<ResourceName> Resources => [WellKnown.Nodes, WellKnown.Pods, .. _tables.Followed.Keys];

    public NodeTable Nodes { get; }

    public SchedulingQueue Queue { get; }

    /// <summary>Who has a say in pods beside plugins; null for nobody.</summary>
    internal ExtenderSet? Extenders
    {
        get;
        init => (field, _reader.KeepsObjects, Nodes.KeepsObjects) = (value, value is not null, value is not null);
    }

    /// <summary>How long pods wait after attempts that failed.</summary>
    public SchedulingBackoff Backoff
    {
        init => Queue.Backoff = value;
    }

    /// <summary>Pods decided on whose assignment was not seen yet.</summary>
    public int AssumedCount => _assumed.Count;

    /// <summary>Something happened to an object of one of <see cref="Resources"/>.</summary>
    public void Apply(ResourceName resource, ChangeKind kind, ResourceObject item)
    {
        if (resource == WellKnown.Pods)
        {
            ApplyPod(kind, item);
        }
        else if (resource == WellKnown.Nodes)
        {
            ApplyNode(kind, item);
        }
        else if (resource == WellKnown.ResourceClaims)
        {
            _events.Kinds |= _tables.Devices.Claims.Apply(kind, item) ? ClusterChanges.Device : ClusterChanges.None;
            _events.ChangedClaims.Add(item.Key);
            _events.Cause = QueueEvents.Of(resource, kind);
        }
        else
        {
            var followed = _tables.Followed[resource];
            var mayHelp = followed.Change != ClusterChanges.None
                && followed.ByGoing == (kind == ChangeKind.Deleted) && followed.Table.MayHelp(item);
            followed.Table.Apply(kind, item);
            if (mayHelp)
            {
                Changed(followed.Change, item.Key);
                _events.Cause = QueueEvents.Of(resource, kind);
            }
        }
    }

    /// <summary>A claim is of use to the pods that name it only.</summary>
    private void Changed(ClusterChanges change, ObjectKey key)
    {
        if (change == ClusterChanges.VolumeClaim)
        {
            _events.ChangedVolumeClaims.Add(key);
        }
        else
        {
            _events.Kinds |= change;
        }
    }

    /// <summary>After a gap in the stream of changes: forgets what is no longer there.</summary>
    public void KeepOnly(ResourceName resource, IReadOnlySet<ObjectKey> present)
    {
        if (resource == WellKnown.Pods)
        {
            KeepOnlyPods(present);
        }
        else if (resource == WellKnown.Nodes)
        {
            KeepOnlyNodes(present);
        }
        else
        {
            _tables.Followed[resource].Table.KeepOnly(present);
        }
    }

    public void ApplyNode(ChangeKind kind, ResourceObject item)
    {
        if (kind == ChangeKind.Deleted)
        {
            RemoveNode(item.Key.Name);
            return;
        }

        if (Nodes.Update(item) is { } change)
        {
            _events.Add(change);
            _events.Cause = QueueEvents.OfNode(change.Kinds);
        }
    }

    public void ApplyPod(ChangeKind kind, ResourceObject item)
    {
        var known = _pods.GetValueOrDefault(item.Key);
        if (known is not null && item.Revision < known.Pod.Revision)
        {
            return;
        }

        if (kind == ChangeKind.Deleted)
        {
            Drop(known);
            return;
        }

        var pod = _reader.Read(item);
        if (known is not null && known.Pod.Uid != pod.Uid)
        {
            Drop(known);
            known = null;
        }

        if (pod.IsFinished)
        {
            Drop(known);
        }
        else if (pod.NodeName.Length > 0)
        {
            ApplyAssigned(known, pod);
        }
        else if (_profiles.ContainsKey(pod.SchedulerName) && !pod.IsDeleting)
        {
            ApplyWaiting(known, pod);
        }
        else
        {
            Drop(known);
        }
    }

    private void KeepOnlyPods(IReadOnlySet<ObjectKey> present)
    {
        foreach (var entry in _pods.Values.Where(e => !present.Contains(e.Pod.Key)).ToArray())
        {
            Drop(entry);
        }
    }

    private void KeepOnlyNodes(IReadOnlySet<ObjectKey> present)
    {
        foreach (var node in Nodes.Order.Where(n => !present.Contains(new ObjectKey("", n.Name))).ToArray())
        {
            RemoveNode(node.Name);
        }
    }

    private void RemoveNode(string name)
    {
        if (Nodes.Find(name) is not { Exists: true } node)
        {
            return;
        }

        var before = node.Copy();
        Nodes.Remove(name);
        _events.Add(new NodeChange(node, before, ClusterChanges.NodeRemoved));
        _events.Cause = QueueEvents.NodeDelete;

        // Room that was made there is of no use: who waited for it has to look elsewhere.
        foreach (var pod in _tables.Nominated.For(name))
        {
            if (_pods.GetValueOrDefault(pod.Key)?.Queued is { } queued)
            {
                Queue.Retry(queued, QueueEvents.NodeDelete);
            }
        }
    }

    /// <summary>Time passed, or changes were applied; call before taking decisions.</summary>
    public void Tick()
    {
        Queue.Tick();
        DevicesFreed(_tables.Devices.Claims.Expire(_time.GetUtcNow()));
        if (!_events.IsEmpty)
        {
            Queue.Wake(_events);
            _events.Clear();
        }
    }

    /// <summary>Writing the ResourceClaims of a decision has ended, one way or the other.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="written">The claims as they are, as far as they were written.</param>
    /// <param name="isUnclear">True when it is not known what was written beside.</param>
    public void DevicesEnded(PodInfo pod, IReadOnlyList<ResourceObject> written, bool isUnclear)
    {
        foreach (var claim in written)
        {
            _tables.Devices.Claims.Wrote(claim);
        }

        // A claim that was made first is not known yet, and what it has must be held until it is.
        DateTimeOffset? keepUntil = isUnclear || written.Any(ExtendedClaims.Is)
            ? _time.GetUtcNow() + AssumedExpiry
            : null;
        DevicesFreed(_tables.Devices.Claims.Settle(pod.Uid, keepUntil));
    }

    /// <summary>Writing what was assumed of volumes has ended: it was written, or it is not to be.</summary>
    public void VolumesEnded(PodInfo pod, bool areWritten)
    {
        if (Find(pod) is not { } entry)
        {
            return;
        }

        if (areWritten)
        {
            entry.Volumes = [];
        }
        else
        {
            Unreserve(entry);
        }
    }

    /// <summary>The victims of a decision are on their way out, or could not all be removed.</summary>
    public void PreemptionEnded(PodInfo pod, bool succeeded)
    {
        if (Find(pod)?.Queued is { } queued)
        {
            Queue.EndPreemption(queued, succeeded);
        }
    }

    /// <summary>Too much is under way to remove the victims of a decision: none was tried.</summary>
    public void PreemptionPutOff(PodInfo pod)
    {
        if (Find(pod)?.Queued is { } queued)
        {
            Queue.PutOffPreemption(queued);
        }
    }

    /// <summary>The binding is durable; the pod's change is on its way.</summary>
    public void BindingSucceeded(PodInfo pod)
    {
        if (FindAssumed(pod) is { } entry)
        {
            entry.ExpiresAt = _time.GetUtcNow() + AssumedExpiry;
        }
    }

    /// <summary>
    /// Too much is under way to begin the binding that was just decided on. Nobody has seen what was assumed of volumes
    /// for it, so taking that back helps nobody.
    /// </summary>
    public void BindingPutOff(SchedulingDecision decision)
    {
        foreach (var choice in decision.Volumes)
        {
            _tables.Volumes.Restore(choice);
        }

        BindingFailed(decision.Pod);
    }

    /// <summary>The binding did not happen: the pod, which is returned as it is now, waits for another try.</summary>
    public PodInfo BindingFailed(PodInfo pod)
    {
        if (FindAssumed(pod) is not { } entry)
        {
            return pod;
        }

        _assumed.Remove(pod.Key);
        TakeOff(entry);
        Unreserve(entry);
        entry.Queued!.Pod = entry.Pod;
        Queue.ReturnFailed(entry.Queued);
        return entry.Pod;
    }

    /// <summary>The pod is gone, as binding it showed.</summary>
    public void PodVanished(PodInfo pod)
    {
        if (FindAssumed(pod) is { } entry)
        {
            Drop(entry);
        }
    }

    /// <summary>Assumed pods that should have been seen assigned by now; each is handed out once per expiry.</summary>
    public IReadOnlyList<PodInfo> TakeDoubtful()
    {
        var now = _time.GetUtcNow();
        List<PodInfo>? doubtful = null;
        foreach (var entry in _assumed.Values)
        {
            if (entry.ExpiresAt <= now)
            {
                entry.ExpiresAt = now + AssumedExpiry;
                (doubtful ??= []).Add(entry.Pod);
            }
        }

        return doubtful ?? (IReadOnlyList<PodInfo>)[];
    }

    private void DevicesFreed(bool areFreed)
    {
        if (areFreed)
        {
            _events.Kinds |= ClusterChanges.Device;
            _events.Cause = QueueEvents.Of(WellKnown.ResourceClaims, ChangeKind.Modified);
        }
    }

    private TrackedPod? Find(PodInfo pod) =>
        _pods.TryGetValue(pod.Key, out var entry) && entry.Pod.Uid == pod.Uid ? entry : null;

    private TrackedPod? FindAssumed(PodInfo pod) =>
        _assumed.TryGetValue(pod.Key, out var entry) && entry.Pod.Uid == pod.Uid ? entry : null;

    private void ApplyAssigned(TrackedPod? known, PodInfo pod)
    {
        var entry = known ?? Track(pod);
        Dequeue(entry);
        entry.Queued = null;
        _assumed.Remove(pod.Key);
        if (entry.Node is { } node && (node.Name != pod.NodeName || !ReferenceEquals(entry.Accounted, pod.Shape)))
        {
            TakeOff(entry);
        }

        var old = entry.Pod;
        entry.Pod = pod;
        if (entry.Node is not { } place)
        {
            Place(entry, Nodes.GetOrAdd(pod.NodeName));
        }
        else
        {
            _tables.Placed.Put(pod, place);
            if (!Maps.Same(old.Labels, pod.Labels))
            {
                _events.Kinds |= ClusterChanges.PodPlaced;
                _events.Moved.Add(old);
                _events.Moved.Add(pod);
                _events.Cause = QueueEvents.AssignedPodUpdate;
            }
        }
    }

    private void ApplyWaiting(TrackedPod? known, PodInfo pod)
    {
        if (known is null)
        {
            var added = Queue.Add(pod);
            Track(pod).Queued = added;
            Nominate(added, pod.NominatedNodeName);
            return;
        }

        if (known.Node is not null && known.Queued is null)
        {
            // Assigned pods never become unassigned; only a relist that lags behind can say so, and it will catch up.
            return;
        }

        var old = known.Pod;
        known.Pod = pod;
        if (known.Queued is { Place: not QueuePlace.None } queued)
        {
            // A nomination of ours that is not stored yet outlives versions from before it.
            var node = pod.NominatedNodeName == old.NominatedNodeName ? queued.NominatedNode : pod.NominatedNodeName;
            if (node != queued.NominatedNode)
            {
                Withdraw(queued);
            }

            Nominate(queued, "");
            Queue.Update(queued, pod);
            Nominate(queued, node);
        }
    }
}
