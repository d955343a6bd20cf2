using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>The pod conditions that the node owns, with upstream's reasons and messages. Pure.</summary>
public static class PodConditions
{
    public const string ReadyToStartContainers = "PodReadyToStartContainers";
    public const string Initialized = "Initialized";
    public const string Ready = "Ready";
    public const string ContainersReady = "ContainersReady";
    public const string PodScheduled = "PodScheduled";
    public const string DisruptionTarget = "DisruptionTarget";
    public const string AllContainersRestarting = "AllContainersRestarting";

    public static bool IsOurs(string type) =>
        type is ReadyToStartContainers or Initialized or Ready or ContainersReady or PodScheduled
            or AllContainersRestarting
        || ResizeConditions.IsOne(type);

    /// <summary>
    /// Conditions of others stay as they are; ours keep their transition time while their status is the same.
    /// </summary>
    public static List<V1PodCondition> Compute(PodStatusInput input, V1PodStatus status)
    {
        var containersReady = ComputeContainersReady(input.Pod, status);
        List<V1PodCondition> ours =
        [
            Bool(ReadyToStartContainers, !input.IsTerminated && IsSandboxReady(input)),
            ComputeInitialized(input.Pod, status),
            ComputeReady(input.Pod, containersReady),
            containersReady,
            Bool(PodScheduled, true),
        ];
        if (input.Verdict?.Disruption is { } disruption)
        {
            ours.Add(Make(DisruptionTarget, true, "TerminationByKubelet", disruption));
        }

        if (input.Pod.CouldRestartAll())
        {
            ours.Add(ComputeRestarting(input, status));
        }

        var before = input.Pod.Status?.Conditions ?? [];
        foreach (var condition in ours)
        {
            var old = before.FirstOrDefault(c => c.Type == condition.Type);
            condition.LastTransitionTime = old?.Status == condition.Status && old.LastTransitionTime is { } time
                ? time
                : input.Now.UtcDateTime;
            condition.ObservedGeneration = input.Pod.Metadata.Generation;
        }

        ours.AddRange(input.Resize);
        return [.. ours, .. before.Where(c => ours.All(o => o.Type != c.Type) && !ResizeConditions.IsOne(c.Type))];
    }

    private static bool IsSandboxReady(PodStatusInput input) =>
        input.Observed.ReadySandbox is { } sandbox && (sandbox.HostNetwork || sandbox.Ips.Count > 0);

    private static V1PodCondition ComputeInitialized(V1Pod pod, V1PodStatus status)
    {
        var (unknown, incomplete) = (new List<string>(), new List<string>());
        foreach (var container in pod.Inits())
        {
            var found = status.InitContainerStatuses?.FirstOrDefault(s => s.Name == container.Name);
            if (found is null)
            {
                unknown.Add(container.Name);
            }
            else if (container.IsSidecar() ? found.Started != true : !found.Ready)
            {
                incomplete.Add(container.Name);
            }
        }

        if (status.Phase == PodFacts.Succeeded && unknown.Count == 0)
        {
            return Make(Initialized, true, "PodCompleted", null);
        }

        // What has been initialized stays so, although its init containers, or its sidecars, may be starting again.
        var isInitialized = unknown.Count + incomplete.Count == 0
            || pod.Status?.Conditions?.Any(static c => c is { Type: Initialized, Status: "True" }) == true
            || (status.ContainerStatuses ?? []).Any(s => s.State is { Running: not null } or { Terminated: not null });
        return isInitialized
            ? Bool(Initialized, true)
            : Make(Initialized, false, "ContainersNotInitialized", Message(unknown, incomplete, "incomplete"));
    }

    private static V1PodCondition ComputeContainersReady(V1Pod pod, V1PodStatus status)
    {
        if (status.Phase == PodFacts.Succeeded)
        {
            return Make(ContainersReady, false, "PodCompleted", null);
        }

        if (status.Phase == PodFacts.Failed)
        {
            return Make(ContainersReady, false, "PodFailed", null);
        }

        var (unknown, unready) = (new List<string>(), new List<string>());
        foreach (var container in pod.Sidecars().Concat(pod.Spec.Containers))
        {
            var found = (status.ContainerStatuses ?? []).Concat(status.InitContainerStatuses ?? [])
                .FirstOrDefault(s => s.Name == container.Name);
            if (found is null)
            {
                unknown.Add(container.Name);
            }
            else if (!found.Ready)
            {
                unready.Add(container.Name);
            }
        }

        return unknown.Count + unready.Count == 0
            ? Bool(ContainersReady, true)
            : Make(ContainersReady, false, "ContainersNotReady", Message(unknown, unready, "unready"));
    }

    private static V1PodCondition ComputeRestarting(PodStatusInput input, V1PodStatus status) => status.Phase switch
    {
        PodFacts.Succeeded => Make(AllContainersRestarting, false, "PodCompleted", null),
        PodFacts.Failed => Make(AllContainersRestarting, false, "PodFailed", null),
        _ when input.IsRestartingAll => Make(
            AllContainersRestarting, true, "RestartAllContainersStarted", "container exited with restart policy rule"),
        _ => Bool(AllContainersRestarting, false),
    };

    private static V1PodCondition ComputeReady(V1Pod pod, V1PodCondition containersReady)
    {
        if (containersReady.Status != "True")
        {
            return Make(Ready, false, containersReady.Reason, containersReady.Message);
        }

        var problems = new List<string>();
        foreach (var gate in pod.Spec.ReadinessGates ?? [])
        {
            var condition = pod.Status?.Conditions?.FirstOrDefault(c => c.Type == gate.ConditionType);
            if (condition is null)
            {
                problems.Add($"corresponding condition of pod readiness gate \"{gate.ConditionType}\" does not exist.");
            }
            else if (condition.Status != "True")
            {
                problems.Add(
                    $"the status of pod readiness gate \"{gate.ConditionType}\" is not \"True\", but {condition.Status}");
            }
        }

        return problems.Count == 0
            ? Bool(Ready, true)
            : Make(Ready, false, "ReadinessGatesNotReady", string.Join(", ", problems));
    }

    private static string Message(List<string> unknown, List<string> others, string word)
    {
        var parts = new List<string>();
        if (unknown.Count > 0)
        {
            parts.Add($"containers with unknown status: [{string.Join(' ', unknown)}]");
        }

        if (others.Count > 0)
        {
            parts.Add($"containers with {word} status: [{string.Join(' ', others)}]");
        }

        return string.Join(", ", parts);
    }

    private static V1PodCondition Bool(string type, bool value) => Make(type, value, null, null);

    private static V1PodCondition Make(string type, bool value, string? reason, string? message) =>
        new() { Type = type, Status = value ? "True" : "False", Reason = reason, Message = message };
}
