using System.Text.Json;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Hollow;

/// <summary>What is to be done next for a pod.</summary>
internal enum HollowStep
{
    Start,
    Finish,
    Remove,
}

/// <summary>
/// All pods on hollow nodes, and one list of what is due when, for all of them: no timer per pod or node. Pure state,
/// one thread at a time.
/// </summary>
internal sealed class HollowPods(
    IReadOnlyDictionary<string, HollowNode> nodes, HollowNodeSettings settings, TimeProvider time)
{
    private readonly Dictionary<ObjectKey, HollowPod> _pods = [];
    private readonly PriorityQueue<(HollowPod Pod, HollowStep Step), long> _due = new();

    public int Count => _pods.Count;

    /// <summary>When the next step is due; null for none.</summary>
    public DateTimeOffset? NextDue =>
        _due.TryPeek(out _, out var ticks) ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    public void Apply(ChangeKind kind, ResourceObject item)
    {
        var known = _pods.GetValueOrDefault(item.Key);
        if (known is not null && (kind == ChangeKind.Deleted || known.Uid != item.Uid))
        {
            Forget(known);
            known = null;
        }

        if (kind == ChangeKind.Deleted)
        {
            return;
        }

        if (known is null)
        {
            Adopt(item);
            return;
        }

        known.Object = item;
        if (item.Metadata.DeletionTimestamp is not null && known.Phase != HollowPodPhase.Terminating)
        {
            Terminate(known);
        }
    }

    /// <summary>Forgets pods that are not among these.</summary>
    public void KeepOnly(IReadOnlySet<ObjectKey> present)
    {
        foreach (var pod in _pods.Values.Where(p => !present.Contains(p.Key)).ToArray())
        {
            Forget(pod);
        }
    }

    /// <summary>Takes the next step that is due.</summary>
    public bool TryTake(out HollowPod pod, out HollowStep step)
    {
        while (_due.TryPeek(out var next, out var ticks) && ticks <= time.GetUtcNow().UtcTicks)
        {
            _due.Dequeue();
            (pod, step) = next;
            if (_pods.GetValueOrDefault(pod.Key) == pod && IsStillMeant(pod, step))
            {
                return true;
            }
        }

        (pod, step) = (null!, default);
        return false;
    }

    /// <summary>Repeats a step that failed.</summary>
    public void Retry(HollowPod pod, HollowStep step, TimeSpan after) => Schedule(pod, step, after);

    /// <summary>
    /// The pod is reported as running, and is known as it was written: a short run is over before the change comes
    /// back.
    /// </summary>
    /// <param name="pod">The pod.</param>
    /// <param name="written">The version that says so.</param>
    /// <param name="runDuration">When it ends by itself; null for never.</param>
    public void Started(HollowPod pod, ResourceObject written, TimeSpan? runDuration)
    {
        pod.Object = written.Revision > pod.Object.Revision ? written : pod.Object;
        if (pod.Phase != HollowPodPhase.Starting)
        {
            return;
        }

        pod.Phase = HollowPodPhase.Running;
        if (runDuration is { } duration)
        {
            Schedule(pod, HollowStep.Finish, duration);
        }
    }

    public void Finished(HollowPod pod)
    {
        if (pod.Phase == HollowPodPhase.Running)
        {
            pod.Phase = HollowPodPhase.Finished;
            FreeAddress(pod);
        }
    }

    /// <summary>The pod is gone.</summary>
    public void Forget(HollowPod pod)
    {
        if (_pods.GetValueOrDefault(pod.Key) == pod)
        {
            _pods.Remove(pod.Key);
            FreeAddress(pod);
        }
    }

    private static bool IsStillMeant(HollowPod pod, HollowStep step) => step switch
    {
        HollowStep.Start => pod.Phase == HollowPodPhase.Starting,
        HollowStep.Finish => pod.Phase == HollowPodPhase.Running,
        _ => pod.Phase == HollowPodPhase.Terminating,
    };

    private static void FreeAddress(HollowPod pod)
    {
        if (pod.Address is { } address)
        {
            pod.Node.FreePodAddress(address);
            pod.Address = null;
        }
    }

    private void Adopt(ResourceObject item)
    {
        using var document = JsonDocument.Parse(item.Json);
        var root = document.RootElement;
        if (!root.TryGetProperty("spec", out var spec)
            || !spec.TryGetProperty("nodeName", out var nodeName)
            || !nodes.TryGetValue(nodeName.GetString() ?? "", out var node))
        {
            return;
        }

        var pod = new HollowPod(item.Key, item.Uid, node) { Object = item };
        _pods.Add(item.Key, pod);
        var status = root.TryGetProperty("status", out var found) ? found : default;
        if (Text(status, "podIP") is { Length: > 0 } address)
        {
            pod.Address = address;
            node.KeepPodAddress(address);
        }

        pod.Phase = Text(status, "phase") switch
        {
            "Running" => HollowPodPhase.Running,
            "Succeeded" or "Failed" => HollowPodPhase.Finished,
            _ => HollowPodPhase.Starting,
        };
        if (item.Metadata.DeletionTimestamp is not null)
        {
            Terminate(pod);
        }
        else if (pod.Phase == HollowPodPhase.Starting)
        {
            Schedule(pod, HollowStep.Start, settings.StartDelay);
        }
        else if (pod.Phase == HollowPodPhase.Running && HollowPod.RunDuration(item, spec) is { } duration)
        {
            // How long it ran before this fleet took over is not worth knowing: it runs its time once more.
            pod.StartedAt = time.GetUtcNow();
            Schedule(pod, HollowStep.Finish, duration);
        }
    }

    private void Terminate(HollowPod pod)
    {
        pod.Phase = HollowPodPhase.Terminating;
        var grace = TimeSpan.Zero;
        if (settings.TerminationDelay > TimeSpan.Zero)
        {
            using var document = JsonDocument.Parse(pod.Object.Json);
            grace = document.RootElement.GetProperty("metadata").TryGetProperty(
                "deletionGracePeriodSeconds", out var seconds)
                ? Periods.Of(seconds.GetInt64())
                : TimeSpan.Zero;
        }

        Schedule(pod, HollowStep.Remove, grace < settings.TerminationDelay ? grace : settings.TerminationDelay);
    }

    private void Schedule(HollowPod pod, HollowStep step, TimeSpan after) =>
        _due.Enqueue((pod, step), (time.GetUtcNow() + after).UtcTicks);

    private static string Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value)
            ? value.GetString() ?? ""
            : "";
}
