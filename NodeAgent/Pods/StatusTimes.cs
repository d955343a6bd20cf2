using k8s.Models;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>The API keeps whole seconds: a status is cut to them before it is compared with what the API has.</summary>
public static class StatusTimes
{
    public static V1PodStatus Truncate(V1PodStatus status)
    {
        status.StartTime = Seconds(status.StartTime);
        foreach (var condition in status.Conditions ?? [])
        {
            condition.LastTransitionTime = Seconds(condition.LastTransitionTime);
        }

        foreach (var container in (status.ContainerStatuses ?? []).Concat(status.InitContainerStatuses ?? [])
            .Concat(status.EphemeralContainerStatuses ?? []))
        {
            Truncate(container.State);
            Truncate(container.LastState);
        }

        return status;
    }

    private static void Truncate(V1ContainerState? state)
    {
        if (state?.Running is { } running)
        {
            running.StartedAt = Seconds(running.StartedAt);
        }

        if (state?.Terminated is { } ended)
        {
            ended.StartedAt = Seconds(ended.StartedAt);
            ended.FinishedAt = Seconds(ended.FinishedAt);
        }
    }

    private static DateTime? Seconds(DateTime? time) => time is { } value ? ApiTime.Seconds(value) : null;
}
