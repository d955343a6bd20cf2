using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// Containers of whose end nothing is known. Once their pod has ended they have failed, so that nobody takes it for a
/// success (upstream's <c>TerminatePod</c>). Pure.
/// </summary>
public static class LostContainers
{
    /// <summary>As if they had been killed.</summary>
    public const int ExitCode = 137;

    public const string WhenTerminated = "The container could not be located when the pod was terminated";

    public const string Reason = "ContainerStatusUnknown";

    public static V1ContainerState State(string message) => new()
    {
        Terminated = new V1ContainerStateTerminated
        {
            ExitCode = ExitCode, Reason = Reason, Message = message,
        },
    };

    /// <summary>
    /// Fails what has not ended, except what was never to begin: containers of a pod that was not initialized, and the
    /// init containers after the last that began, or after the first.
    /// </summary>
    public static void Fail(V1Pod pod, V1PodStatus status)
    {
        var inits = status.InitContainerStatuses ?? [];
        if (pod.Inits().Count == 0 || status.ContainerStatuses.Any(HasBegun) || HasEnded(pod.Inits()[^1], inits))
        {
            Fail(status.ContainerStatuses);
        }

        var begun = inits.Count;
        while (begun > 1 && !HasBegun(inits[begun - 1]))
        {
            begun--;
        }

        Fail(inits.Take(begun));
    }

    private static void Fail(IEnumerable<V1ContainerStatus> statuses)
    {
        foreach (var lost in statuses.Where(static s => s.State?.Terminated is null))
        {
            lost.State = State(WhenTerminated);
        }
    }

    private static bool HasBegun(V1ContainerStatus status) =>
        status.State?.Waiting is null || status.LastState?.Terminated is not null;

    /// <summary>Initialization has got beyond this container.</summary>
    private static bool HasEnded(V1Container last, IList<V1ContainerStatus> inits) =>
        inits.FirstOrDefault(s => s.Name == last.Name) is { } status && (last.IsSidecar()
            ? status is { State.Running: not null, Started: true }
            : status.State?.Terminated?.ExitCode == 0 || status.LastState?.Terminated?.ExitCode == 0);
}
