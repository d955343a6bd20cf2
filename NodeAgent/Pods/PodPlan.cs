using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>All that a decision about a pod rests on. The planner reads nothing else.</summary>
public sealed record PodPlanInput
{
    public required V1Pod Pod { get; init; }

    public required PodRuntimeState Observed { get; init; }

    public required SteadyTime Now { get; init; }

    /// <summary>When instances ended, by container id; one that is absent ended just now.</summary>
    public IReadOnlyDictionary<string, SteadyTime> Ends { get; init; } = new Dictionary<string, SteadyTime>();

    /// <summary>By container id; absent means healthy.</summary>
    public IReadOnlyDictionary<string, ProbeVerdict> Verdicts { get; init; } =
        new Dictionary<string, ProbeVerdict>();

    /// <summary>Ids of running containers whose startup probe and postStart hook, if any, have succeeded.</summary>
    public IReadOnlySet<string> Started { get; init; } = new HashSet<string>();

    /// <summary>Restart delays, by container name.</summary>
    public IReadOnlyDictionary<string, BackOffEntry> BackOffs { get; init; } = new Dictionary<string, BackOffEntry>();

    /// <summary>What the groups of the pod and its containers were told last.</summary>
    public PodAmounts? Actuated { get; init; }
}

/// <summary>Start another instance; <see cref="Previous"/> is the one it follows.</summary>
public sealed record ContainerStart(V1Container Container, ContainerRecord? Previous)
{
    /// <summary>
    /// The newest instance that has ended: it counts for the next back-off. One that is killed for its successor does
    /// not yet.
    /// </summary>
    public ContainerRecord? Ended { get; init; } = Previous is { IsExited: true } ? Previous : null;

    /// <summary>Of the new one; null when the runtime knows of none before it (<see cref="RestartCounts"/>).</summary>
    public int? RestartCount => Previous?.RestartCount + 1;
}

/// <summary>Stop a running instance because of what the message says.</summary>
public sealed record ContainerKill(ContainerRecord Record, V1Container Container, string Message, ProbeVerdict Cause);

/// <summary>A container that would start, were it not for its back-off.</summary>
public sealed record ContainerWait(V1Container Container, TimeSpan Delay, SteadyTime Until);

/// <summary>
/// What to do next for a pod, in this order: resets (and then nothing else), kill the pod, kills, resize, create its
/// sandbox, starts.
/// </summary>
public sealed record PodPlan
{
    /// <summary>Instances to end and to remove, in this order, so that the pod begins anew in its sandbox.</summary>
    public IReadOnlyList<ContainerRecord> Resets { get; init; } = [];

    /// <summary>Stop every container and sandbox that is left.</summary>
    public bool KillPod { get; init; }

    /// <summary>Attempt number of the sandbox to create; null keeps what there is.</summary>
    public uint? NewSandboxAttempt { get; init; }

    public IReadOnlyList<ContainerKill> Kills { get; init; } = [];

    public PodResize Resize { get; init; } = PodResize.None;

    public IReadOnlyList<ContainerStart> Starts { get; init; } = [];

    public IReadOnlyList<ContainerWait> Waits { get; init; } = [];

    /// <summary>When to look again even if nothing changes.</summary>
    public SteadyTime? WakeAt => Waits.Count == 0 ? null : Waits.Min(w => w.Until);

    public bool IsEmpty => Resets.Count == 0 && !KillPod && NewSandboxAttempt is null && Kills.Count == 0
        && Starts.Count == 0 && Resize.IsEmpty;
}
