using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>All that a pod's status is computed from.</summary>
public sealed record PodStatusInput
{
    /// <summary>The object with the last known status: times and foreign conditions come from there.</summary>
    public required V1Pod Pod { get; init; }

    public required PodRuntimeState Observed { get; init; }

    public required DateTimeOffset Now { get; init; }

    public IReadOnlyList<string> HostIps { get; init; } = [];

    /// <summary>Container ids whose readiness probe succeeds.</summary>
    public IReadOnlySet<string> Ready { get; init; } = new HashSet<string>();

    /// <summary>Container ids that have started, by their startup probe and postStart hook.</summary>
    public IReadOnlySet<string> Started { get; init; } = new HashSet<string>();

    /// <summary>By container name.</summary>
    public IReadOnlyDictionary<string, WaitingReason> Waiting { get; init; } = new Dictionary<string, WaitingReason>();

    /// <summary>What containers wrote about their end, by container id.</summary>
    public IReadOnlyDictionary<string, string> TerminationMessages { get; init; } = new Dictionary<string, string>();

    /// <summary>What the kernel holds running containers to, by container id; absent where it is not known.</summary>
    public IReadOnlyDictionary<string, CgroupLimits> Limits { get; init; } = new Dictionary<string, CgroupLimits>();

    /// <summary>What the kernel holds the pod to; null without a group.</summary>
    public CgroupLimits? PodLimits { get; init; }

    /// <summary>What the groups of the pod and its containers were told last.</summary>
    public PodAmounts? Actuated { get; init; }

    /// <summary>Conditions about a resize, which hold only while they are here.</summary>
    public IReadOnlyList<V1PodCondition> Resize { get; init; } = [];

    /// <summary>Whether the devices that app containers claim work, by name of the container.</summary>
    public IReadOnlyDictionary<string, IList<V1ResourceStatus>> Devices { get; init; } =
        new Dictionary<string, IList<V1ResourceStatus>>();

    public PodVerdict? Verdict { get; init; }

    public RuntimeAbilities Abilities { get; init; } = RuntimeAbilities.None;

    /// <summary>Everything of the pod has been stopped: nothing can be waiting or running any more.</summary>
    public bool IsTerminated { get; init; }

    /// <summary>A regular container has begun in the newest sandbox.</summary>
    public bool HasInitialized => Observed.NewestSandbox is { } sandbox && Pod.Spec.Containers.Any(
        c => Observed.NewestIn(sandbox.Id, c.Name) is { IsRunning: true } or { IsExited: true });

    /// <summary>A container has ended in such a way that all begin anew, and they are not gone yet.</summary>
    public bool IsRestartingAll => !IsTerminated && PodFacts.RestartsAll(Pod, Observed);

    /// <summary>That was so when the status was computed last: what is missing since then was taken away.</summary>
    public bool WasRestartingAll => Pod.Status?.Conditions?.Any(
        static c => c is { Type: PodConditions.AllContainersRestarting, Status: "True" }) == true;
}

/// <summary>Computes the status the node reports for a pod. Pure.</summary>
public static class PodStatusComputer
{
    public static V1PodStatus Compute(PodStatusInput input)
    {
        var pod = input.Pod;
        var before = pod.Status ?? new V1PodStatus();
        var inits = pod.Inits().Select(c => ContainerStatuses.Compute(input, c)).ToList();
        var containers = pod.Spec.Containers.Select(c => ContainerStatuses.Compute(input, c)).ToList();
        var phase = Phase(input, before, inits, containers);
        var status = new V1PodStatus
        {
            ContainerStatuses = containers,
            InitContainerStatuses = inits.Count > 0 ? inits : null,
            EphemeralContainerStatuses = Ephemeral(input),
            StartTime = before.StartTime ?? input.Now.UtcDateTime,
            QosClass = before.QosClass,
            ObservedGeneration = pod.Metadata.Generation,
            Phase = phase,
            Reason = input.Verdict?.Reason ?? (phase == before.Phase ? before.Reason : null),
            Message = input.Verdict?.Message ?? (phase == before.Phase ? before.Message : null),
        };
        foreach (var container in containers)
        {
            container.AllocatedResourcesStatus = input.Devices.GetValueOrDefault(container.Name);
        }

        if (input is { IsTerminated: false, PodLimits: { } limits })
        {
            ActualResources.SetPod(status, pod, limits, input.Actuated?.Pod);
        }

        SetAddresses(input, before, status);
        status.Conditions = PodConditions.Compute(input, status);
        if (input.IsTerminated)
        {
            LostContainers.Fail(pod, status);
        }

        return status;
    }

    /// <summary>A pod that the node refuses: it failed, and nothing of it exists.</summary>
    public static V1PodStatus Rejected(V1Pod pod, PodVerdict verdict, DateTimeOffset now) => new()
    {
        Phase = PodFacts.Failed,
        Reason = verdict.Reason,
        Message = RejectionOf(verdict.Message),
        StartTime = pod.Status?.StartTime ?? now.UtcDateTime,
        QosClass = pod.Status?.QosClass,
        ObservedGeneration = pod.Metadata.Generation,
        Conditions = pod.Status?.Conditions,
    };

    /// <summary>What the status of a pod says that the node does not take.</summary>
    public static string RejectionOf(string why) => $"Pod was rejected: {why}";

    private static string Phase(
        PodStatusInput input, V1PodStatus before, List<V1ContainerStatus> inits, List<V1ContainerStatus> containers)
    {
        if (input.Pod.HasTerminalPhase())
        {
            return before.Phase;
        }

        if (input.Verdict is not null)
        {
            return PodFacts.Failed;
        }

        if (input.IsRestartingAll)
        {
            return PodPhases.Running;
        }

        var phase = PodPhases.Compute(
            input.Pod, inits, containers, input.IsTerminated, input.HasInitialized);
        return input.IsTerminated && phase is not (PodFacts.Failed or PodFacts.Succeeded) ? PodFacts.Failed : phase;
    }

    private static List<V1ContainerStatus>? Ephemeral(PodStatusInput input)
    {
        var statuses = (input.Pod.Spec.EphemeralContainers ?? [])
            .Select(e => ContainerStatuses.Compute(input, PodFacts.AsContainer(e))).ToList();
        foreach (var status in statuses)
        {
            // Nobody probes them: upstream never says that one is ready, nor whether it has started.
            (status.Started, status.Ready) = (null, false);
        }

        return statuses.Count > 0 ? statuses : null;
    }

    /// <summary>
    /// A pod keeps the address it had after its sandbox is gone, so that its records stay readable. One on the node's
    /// network has the node's from the beginning.
    /// </summary>
    private static void SetAddresses(PodStatusInput input, V1PodStatus before, V1PodStatus status)
    {
        status.HostIP = input.HostIps.Count > 0 ? input.HostIps[0] : null;
        status.HostIPs = [.. input.HostIps.Select(ip => new V1HostIP { Ip = ip })];
        IReadOnlyList<string> ips = input.Pod.UsesHostNetwork()
            ? input.HostIps
            : input.Observed.ReadySandbox?.Ips ?? [];
        status.PodIPs = ips.Count > 0 ? [.. ips.Select(ip => new V1PodIP { Ip = ip })] : before.PodIPs;
        status.PodIP = status.PodIPs is { Count: > 0 } ? status.PodIPs[0].Ip : null;
    }
}
