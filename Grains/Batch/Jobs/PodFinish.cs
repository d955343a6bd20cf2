using k8s.Models;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>When a pod ended.</summary>
public static class PodFinish
{
    /// <summary>
    /// When its last container ended; without that, since when it is not ready (the node's agent says so), when it was
    /// deleted (nobody else said anything), or when it was created.
    /// </summary>
    public static DateTimeOffset Of(V1Pod pod) =>
        (OfContainers(pod) ?? SinceNotReady(pod) ?? OfDeletion(pod.Metadata)
            ?? pod.Metadata.CreationTimestamp ?? DateTime.UnixEpoch).ToUniversalTime();

    /// <summary>
    /// Null when one has not ended. Sidecars outlive the others, so they count too; as upstream, even when another has
    /// not ended: those that wait for an init container which failed never do.
    /// </summary>
    private static DateTime? OfContainers(V1Pod pod)
    {
        var sidecars = (pod.Spec?.InitContainers ?? [])
            .Where(c => c.RestartPolicy == "Always").Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        var ended = Last(pod.Status?.ContainerStatuses ?? []);
        var outlived = (pod.Status?.InitContainerStatuses ?? []).Where(s => sidecars.Contains(s.Name)).ToList();
        return outlived.Count == 0 ? ended
            : Last(outlived) is { } last ? (ended > last ? ended : last)
            : null;
    }

    private static DateTime? Last(IEnumerable<V1ContainerStatus> containers)
    {
        var ends = containers.Select(s => s.State?.Terminated?.FinishedAt).ToList();
        return ends.Contains(null) ? null : ends.Max();
    }

    private static DateTime? SinceNotReady(V1Pod pod) =>
        pod.Status?.Conditions?.FirstOrDefault(c => c is { Type: "Ready", Status: "False" })?.LastTransitionTime;

    private static DateTime? OfDeletion(V1ObjectMeta metadata) =>
        metadata.DeletionTimestamp - Periods.Of(metadata.DeletionGracePeriodSeconds ?? 0);
}
