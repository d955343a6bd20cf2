using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.Grains.Scheduling.Plugins;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <content>How a pod is decided on, and what becomes of it then.</content>
public sealed partial class SchedulerCore
{
    /// <summary>Decides on the next pod; null when none is to be tried now.</summary>
    public SchedulingDecision? DecideNext() => Queue.Take() is { } queued ? Decide(queued) : null;

    /// <summary>
    /// The same where extenders are asked. Nothing may be told meanwhile: what they say is said of the cluster as it
    /// is.
    /// </summary>
    internal async ValueTask<SchedulingDecision?> DecideNextAsync(CancellationToken cancellationToken)
    {
        if (Queue.Take() is not { } queued)
        {
            return null;
        }

        if (Extenders is not { } extenders || extenders.HasNoneFor(queued.Pod))
        {
            return Decide(queued);
        }

        var (profile, nominated) = (_profiles[queued.Pod.SchedulerName], NominatedFor(queued));
        var (node, diagnosis) = await ExtendedSearch.PickAsync(
            profile.Picker, extenders, queued.Pod, nominated, cancellationToken);
        return node is not null ? Accept(queued, profile, node)
            : diagnosis!.Error is { } error ? Fail(queued, error)
            : Reject(queued, profile, diagnosis, MayMakeRoom(profile, diagnosis)
                ? await MakeRoomAsync(queued.Pod, profile, nominated, diagnosis, extenders, cancellationToken)
                : null);
    }

    private SchedulingDecision Decide(QueuedPod queued)
    {
        var (pod, nominated) = (queued.Pod, NominatedFor(queued));
        var profile = _profiles[pod.SchedulerName];
        return profile.Picker.Pick(pod, nominated, out var diagnosis) is { } node ? Accept(queued, profile, node)
            : diagnosis!.Error is { } error ? Fail(queued, error)
            : Reject(queued, profile, diagnosis, MayMakeRoom(profile, diagnosis)
                ? MakeRoom(pod, profile, nominated, diagnosis)
                : null);
    }

    private NodeInfo? NominatedFor(QueuedPod queued) =>
        queued.NominatedNode.Length == 0 ? null : Nodes.Find(queued.NominatedNode);

    private SchedulingDecision Accept(QueuedPod queued, ProfileParts profile, NodeInfo node)
    {
        var pod = queued.Pod;
        var started = profile.Times.Now();
        var choices = pod.Claims.Length == 0 ? [] : profile.Plugins.VolumeBinding.Choose(pod, node);
        var devices = profile.Plugins.Devices.Reserve(pod, node);
        profile.Times.Ended(ExtensionPoints.Reserve, PluginStatus.Success, started);
        var entry = _pods[pod.Key];
        Place(entry, node);
        _assumed[pod.Key] = entry;
        _tables.Volumes.Assume(choices, node.Name);
        entry.Volumes = choices;
        return new SchedulingDecision(pod, node.Name, null, queued.Attempts)
        {
            Volumes = choices,
            Devices = devices,
            VolumePatience = profile.Profile.VolumePatience,
            DevicePatience = profile.Profile.Devices.Preparation,
        };
    }

    /// <summary>The pod could not be judged.</summary>
    private SchedulingDecision Fail(QueuedPod queued, string error)
    {
        Queue.ReturnFailed(queued);
        Withdraw(queued);
        return new SchedulingDecision(queued.Pod, null, error, queued.Attempts) { IsError = true };
    }

    /// <summary>The pod fits nowhere: puts it back to wait.</summary>
    /// <param name="queued">The pod.</param>
    /// <param name="profile">How it is scheduled.</param>
    /// <param name="diagnosis">Why it fits nowhere.</param>
    /// <param name="room">What came of looking for room that can be made; null when it was not looked for.</param>
    private SchedulingDecision Reject(
        QueuedPod queued, ProfileParts profile, Diagnosis diagnosis, PreemptionResult? room)
    {
        var pod = queued.Pod;
        var (deallocation, claim) = diagnosis.HasTriedNodes
            ? profile.Plugins.Devices.Deallocate(pod)
            : (Diagnosis.NothingToDeallocate, null);
        var result = room
            ?? (Nodes.Order.Length == 0 ? PreemptionResult.Hopeless("") : PreemptionResult.Nothing(""));
        Queue.ReturnUnschedulable(queued, diagnosis.RejectedBy);
        var message = diagnosis.Message(deallocation, result.Message, profile.Plugins.Preempts, result.IsError);
        var decision = new SchedulingDecision(pod, null, message, queued.Attempts) { Deallocation = claim };
        if (result.Node is not { } node)
        {
            if (result.IsNominationKept)
            {
                return decision;
            }

            Withdraw(queued);
            return decision with { Nomination = "" };
        }

        Nominate(queued, node.Name);
        Queue.BeginPreemption(queued);
        var victims = Array.FindAll(result.Victims, v => !v.IsDeleting);
        return decision with
        {
            Nomination = node.Name,
            Preemption = new PreemptionPlan(victims, victims.Length == 0 ? [] : Displace(pod, node)),
        };
    }

    private static bool MayMakeRoom(ProfileParts profile, Diagnosis diagnosis) =>
        diagnosis.MayPreempt && profile.Plugins.Preempts;

    private PreemptionResult MakeRoom(PodInfo pod, ProfileParts profile, NodeInfo? nominated, Diagnosis diagnosis)
    {
        var started = profile.Times.Now();
        var result = profile.Preemption.Find(pod, nominated, Nodes.Order.Length, diagnosis.Resolvable);
        return Measured(profile, result, started);
    }

    private async ValueTask<PreemptionResult> MakeRoomAsync(
        PodInfo pod, ProfileParts profile, NodeInfo? nominated, Diagnosis diagnosis, ExtenderSet extenders,
        CancellationToken cancellationToken)
    {
        var started = profile.Times.Now();
        var result = await profile.Preemption.FindAsync(
            pod, nominated, Nodes, diagnosis.Resolvable, extenders, cancellationToken);
        return Measured(profile, result, started);
    }

    private static PreemptionResult Measured(ProfileParts profile, PreemptionResult result, long started)
    {
        var status = result.IsError ? PluginStatus.Error
            : result.Node is null ? PluginStatus.Unschedulable
            : PluginStatus.Success;
        profile.Times.PluginEnded(PluginSet.DefaultPreemption, ExtensionPoints.PostFilter, status, started);
        profile.Times.Ended(ExtensionPoints.PostFilter, status, started);
        return result;
    }

    /// <summary>Those nominated there with a lower priority would wait in vain; they look elsewhere.</summary>
    private PodInfo[] Displace(PodInfo pod, NodeInfo node)
    {
        var displaced = _tables.Nominated.Below(pod, node.Name);
        foreach (var queued in displaced.Select(p => _pods[p.Key].Queued!))
        {
            Nominate(queued, "");
            Queue.Retry(queued, QueueEvents.PodUpdate);
        }

        return [.. displaced];
    }
}
