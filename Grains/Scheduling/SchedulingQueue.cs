using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Grains.Scheduling.Plugins;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// The pods that wait for a node. A pod is in one of these places:
/// <list type="bullet">
/// <item>active: to be tried now, by priority, then by age;</item>
/// <item>backing off: something changed that may help it, but it was tried only just now. With nothing active these go
/// by the second in which they are due, then by priority, back-off or not;</item>
/// <item>failed: binding it went wrong; the back-off is always waited for;</item>
/// <item>unschedulable: nothing has changed that could help, or victims are still being removed for it;</item>
/// <item>gated: its scheduling gates forbid trying, or ResourceClaims that it uses are not there.</item>
/// </list>
/// Back-off doubles: with each error in a row, or else with each rejection. After <see cref="MaxUnschedulable"/> a pod
/// is tried even if nothing changed, should a change have been missed.
/// </summary>
/// <param name="plugins">What decides on a pod.</param>
/// <param name="time">The time.</param>
/// <param name="metrics">Counts who comes where, and why; null for nobody.</param>
public sealed partial class SchedulingQueue(
    Func<PodInfo, PluginSet> plugins, TimeProvider time, SchedulerMetrics? metrics = null)
{
    public static readonly TimeSpan MaxUnschedulable = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(30);

    private readonly PriorityQueue<(QueuedPod Pod, int Ticket), (int NegativePriority, long Ticks, long Sequence)> _active = new();
    private readonly PriorityQueue<(QueuedPod Pod, int Ticket), (long Ticks, int NegativePriority)> _backingOff = new();
    private readonly PriorityQueue<(QueuedPod Pod, int Ticket), (long Ticks, int NegativePriority)> _failed = new();
    private readonly HashSet<QueuedPod> _unschedulable = [];
    private readonly HashSet<QueuedPod> _waitingForOthers = [];
    private readonly HashSet<QueuedPod> _gated = [];
    private DateTimeOffset _lastFlush = time.GetUtcNow();
    private long _sequence;
    private int _activeCount;
    private int _backoffCount;

    /// <summary>How long pods wait after attempts that failed.</summary>
    public SchedulingBackoff Backoff { get; set; } = new();

    /// <summary>Pods to be tried now.</summary>
    public int ActiveCount => _activeCount;

    /// <summary>Pods that are to be tried when their back-off is over, whatever they were returned for.</summary>
    public int BackoffCount => _backoffCount;

    public int UnschedulableCount => _unschedulable.Count;

    /// <summary>Pods whose gates are closed.</summary>
    public int GatedCount => _gated.Count;

    /// <summary>When <see cref="Tick"/> has something to do, at the latest.</summary>
    public DateTimeOffset NextTick
    {
        get
        {
            return Earlier(Earlier(_lastFlush + FlushInterval, _backingOff), _failed);

            static DateTimeOffset Earlier(
                DateTimeOffset other, PriorityQueue<(QueuedPod, int), (long Ticks, int)> queue) =>
                queue.TryPeek(out _, out var due) && due.Ticks < other.UtcTicks
                    ? new DateTimeOffset(due.Ticks, TimeSpan.Zero)
                    : other;
        }
    }

    /// <summary>A new pod.</summary>
    public QueuedPod Add(PodInfo pod)
    {
        var queued = new QueuedPod(pod) { Timestamp = time.GetUtcNow() };
        Enqueue(queued, QueueEvents.PodAdd);
        return queued;
    }

    /// <summary>
    /// A waiting pod changed itself. One that is to be tried anyway keeps its turn; another is to be tried when what is
    /// different may help it.
    /// </summary>
    public void Update(QueuedPod queued, PodInfo pod)
    {
        var old = queued.Pod;
        queued.Pod = pod;
        if (queued.Place is not (QueuePlace.Unschedulable or QueuePlace.Gated))
        {
            return;
        }

        foreach (var (change, cause) in PodChanges.Between(old, pod))
        {
            if (queued.Place == QueuePlace.Gated ? change.MayUngate() : MayHelp(queued, change, old))
            {
                Enqueue(queued, cause);
                return;
            }
        }
    }

    public void Remove(QueuedPod queued)
    {
        Leave(queued);
        queued.Place = QueuePlace.None;
    }

    /// <summary>The next pod to try; null when there is none.</summary>
    public QueuedPod? Take()
    {
        var next = TakeFrom(_active, QueuePlace.Active) ?? TakeFrom(_backingOff, QueuePlace.BackingOff);
        if (next is not null)
        {
            if (next.Place == QueuePlace.BackingOff)
            {
                metrics?.Queued(QueuePlace.Active, QueueEvents.PopFromBackoff);
            }

            Remove(next);
            next.FirstTaken = next.Attempts++ == 0 ? time.GetTimestamp() : next.FirstTaken;
            next.Pod.Attempts = (next.FirstTaken, next.Attempts);
        }

        return next;
    }

    /// <summary>No node fits the pod, as of now.</summary>
    public void ReturnUnschedulable(QueuedPod queued, IReadOnlySet<string> rejectedBy)
    {
        queued.RejectedBy = rejectedBy;
        (queued.Rejections, queued.Errors) = rejectedBy.Count == 0
            ? (queued.Rejections, queued.Errors + 1) // there are no nodes at all, which upstream counts as an error
            : (queued.Rejections + 1, 0);
        queued.Timestamp = time.GetUtcNow();
        Put(queued, QueuePlace.Unschedulable, QueueEvents.AttemptFailure);
        _unschedulable.Add(queued);
        if (rejectedBy.Contains(ExtenderSet.Name)
            || plugins(queued.Pod).Relations.Any(r => r.MindsPods && rejectedBy.Contains(r.Name)))
        {
            _waitingForOthers.Add(queued);
        }
    }

    /// <summary>Victims are being removed for an unschedulable pod, which is not tried until that has ended.</summary>
    public void BeginPreemption(QueuedPod queued) => (queued.IsPreempting, queued.WasWoken) = (true, false);

    /// <summary>
    /// What happened meanwhile counts now; where removing them failed, the pod is tried again in any case, and at once
    /// as upstream has it. Where it fails again and again the back-off is waited for: upstream never stops to ask.
    /// </summary>
    public void EndPreemption(QueuedPod queued, bool succeeded)
    {
        var (wasWoken, hadFailed) = (queued.WasWoken, queued.HasFailedPreempting);
        (queued.IsPreempting, queued.WasWoken, queued.HasFailedPreempting) = (false, false, !succeeded);
        if (!succeeded && queued.Place == QueuePlace.Unschedulable)
        {
            Forget(queued);
            if (hadFailed || !MayBeTried(queued.Pod))
            {
                WaitFailed(queued);
            }
            else
            {
                Activate(queued, QueueEvents.ForceActivate);
            }
        }
        else if (wasWoken)
        {
            Retry(queued, QueueEvents.AssignedPodDelete);
        }
    }

    /// <summary>Removing victims was not begun: the pod is tried again when its back-off is over.</summary>
    public void PutOffPreemption(QueuedPod queued)
    {
        queued.IsPreempting = false;
        Forget(queued);
        WaitFailed(queued);
    }

    /// <summary>Tries an unschedulable pod again, when its back-off is over.</summary>
    /// <param name="queued">Which.</param>
    /// <param name="cause">Why, of <see cref="QueueEvents"/>.</param>
    public void Retry(QueuedPod queued, string cause)
    {
        if (queued.Place == QueuePlace.Unschedulable)
        {
            Enqueue(queued, cause);
        }
    }

    /// <summary>Something went wrong that is not the pod's fault.</summary>
    public void ReturnFailed(QueuedPod queued)
    {
        queued.RejectedBy = QueuedPod.Nobody;
        queued.Errors++;
        queued.Timestamp = time.GetUtcNow();
        WaitFailed(queued);
    }

    /// <summary>
    /// Things happened: moves those unschedulable pods that may be helped. On nodes that came or changed, one plugin
    /// that rejected the pod and does so no longer is enough, as upstream has it. Where pods only left, which happens
    /// all the time, the pod must really fit there now.
    /// </summary>
    public void Wake(ClusterEvents events)
    {
        foreach (var gated in _gated.Count == 0 ? [] : _gated.Where(q => events.MayHelp(q.Pod)).ToArray())
        {
            Enqueue(gated, events.Cause);
        }

        var waiting = events.HasOnlyPlacedPods ? _waitingForOthers : _unschedulable;
        if (waiting.Count == 0)
        {
            return;
        }

        var known = new SharedAnswers();
        var lowest = events.FreedNodes.Count == 0 ? int.MaxValue : events.FreedNodes.Min(LowestPriority);
        foreach (var queued in waiting.Where(q => MayHelp(q, events, lowest, known)).ToArray())
        {
            Enqueue(queued, events.Cause);
        }
    }

    /// <summary>Lets time pass: back-offs end, and the safety net is cast.</summary>
    public void Tick()
    {
        var now = time.GetUtcNow();
        Expire(_backingOff, QueuePlace.BackingOff, now);
        Expire(_failed, QueuePlace.Failed, now);
        if (now - _lastFlush < FlushInterval)
        {
            return;
        }

        _lastFlush = now;
        foreach (var queued in _unschedulable.Where(q => now - q.Timestamp > MaxUnschedulable).ToArray())
        {
            Enqueue(queued, QueueEvents.UnschedulableTimeout);
        }
    }

    /// <summary>
    /// When the back-off ends: with the second that its time falls into, as upstream has it. Of pods for which that is
    /// the same the more important come first.
    /// </summary>
    private (long Ticks, int NegativePriority) Due(QueuedPod queued)
    {
        var failures = queued.Errors > 0 ? queued.Errors : queued.Rejections;
        var backoff = failures == 0 ? TimeSpan.Zero : Backoff.After(failures);
        var ticks = (queued.Timestamp + backoff).UtcTicks;
        var rest = backoff == TimeSpan.Zero ? 0 : TimeSpan.TicksPerSecond - (ticks % TimeSpan.TicksPerSecond);
        return (ticks + rest, -queued.Pod.Priority);
    }

    /// <summary>The pod is to be tried as soon as it may be.</summary>
    private void Enqueue(QueuedPod queued, string cause)
    {
        if (queued.IsPreempting)
        {
            queued.WasWoken = true;
            return;
        }

        Forget(queued);
        if (!MayBeTried(queued.Pod))
        {
            Hold(queued, cause);
        }
        else if (Due(queued).Ticks <= time.GetUtcNow().UtcTicks)
        {
            Activate(queued, cause);
        }
        else
        {
            Delay(queued, QueuePlace.BackingOff, _backingOff, cause);
        }
    }

    private bool MayBeTried(PodInfo pod)
    {
        var (started, isAllowed) = (time.GetTimestamp(), true);
        foreach (var plugin in plugins(pod).PreEnqueue)
        {
            isAllowed = isAllowed && plugin.Allows(pod);
        }

        metrics?.PointEnded(
            ExtensionPoints.PreEnqueue, isAllowed ? PluginStatus.Success : PluginStatus.Unresolvable, pod.SchedulerName,
            time.GetElapsedTime(started));
        return isAllowed;
    }

    private void Put(QueuedPod queued, QueuePlace place, string cause)
    {
        queued.Place = place;
        metrics?.Queued(place, cause);
    }

    private void Hold(QueuedPod queued, string cause)
    {
        Put(queued, QueuePlace.Gated, cause);
        _gated.Add(queued);
    }

    private void WaitFailed(QueuedPod queued)
    {
        if (MayBeTried(queued.Pod))
        {
            Delay(queued, QueuePlace.Failed, _failed, QueueEvents.AttemptFailure);
        }
        else
        {
            Hold(queued, QueueEvents.AttemptFailure);
        }
    }

    private void Delay(
        QueuedPod queued, QueuePlace place, PriorityQueue<(QueuedPod Pod, int Ticket), (long, int)> queue, string cause)
    {
        Put(queued, place, cause);
        _backoffCount++;
        queue.Enqueue((queued, ++queued.Ticket), Due(queued));
    }

    private void Activate(QueuedPod queued, string cause)
    {
        Put(queued, QueuePlace.Active, cause);
        _activeCount++;
        _active.Enqueue((queued, ++queued.Ticket), (-queued.Pod.Priority, queued.Timestamp.UtcTicks, ++_sequence));
    }

    private void Leave(QueuedPod queued)
    {
        if (queued.Place is QueuePlace.Unschedulable or QueuePlace.Gated)
        {
            Forget(queued);
        }
        else if (queued.Place == QueuePlace.Active)
        {
            _activeCount--;
        }
        else if (queued.Place is QueuePlace.BackingOff or QueuePlace.Failed)
        {
            _backoffCount--;
        }

        // Entries in the heaps are not searched for; the ticket makes them void.
        queued.Ticket++;
    }

    private void Forget(QueuedPod queued)
    {
        _unschedulable.Remove(queued);
        _waitingForOthers.Remove(queued);
        _gated.Remove(queued);
    }

    private void Expire(
        PriorityQueue<(QueuedPod Pod, int Ticket), (long Ticks, int)> queue, QueuePlace place, DateTimeOffset now)
    {
        while (queue.TryPeek(out var entry, out var due) && due.Ticks <= now.UtcTicks)
        {
            queue.Dequeue();
            if (entry.Pod.Place == place && entry.Pod.Ticket == entry.Ticket)
            {
                _backoffCount--;
                Activate(entry.Pod, QueueEvents.BackoffComplete);
            }
        }
    }

    private static QueuedPod? TakeFrom<TPriority>(
        PriorityQueue<(QueuedPod Pod, int Ticket), TPriority> queue, QueuePlace place)
    {
        while (queue.TryDequeue(out var entry, out _))
        {
            if (entry.Pod.Place == place && entry.Pod.Ticket == entry.Ticket)
            {
                return entry.Pod;
            }
        }

        return null;
    }
}
