using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>Of several pods of one name the first counts; of the others an event tells.</summary>
internal static class DuplicateNames
{
    /// <param name="pods">In their order.</param>
    /// <param name="origin">Where they come from.</param>
    /// <param name="events">Takes the events.</param>
    public static IEnumerable<StaticPod> Without(IEnumerable<StaticPod> pods, string origin, EventRecorder events)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            if (names.Add(pod.Pod.FullName()))
            {
                yield return pod;
                continue;
            }

            events.Pod(
                pod.Pod, EventRecorder.Warning, "FailedValidation",
                $"Error validating pod {pod.Pod.Display()} from {origin} due to duplicate " +
                $"pod name \"{pod.Pod.Metadata.Name}\", ignoring");
        }
    }
}
