using k8s.Models;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Which updates of a pod are held against the standards again: those that change what runs in it.</summary>
internal static class PodSecuritySignificance
{
    private const string SeccompPrefix = "container.seccomp.security.alpha.kubernetes.io/";

    public static bool IsSignificant(V1Pod pod, V1Pod old) =>
        AnyChanged(pod, old, pod.Spec.Containers, old.Spec.Containers) ||
        AnyChanged(pod, old, pod.Spec.InitContainers, old.Spec.InitContainers) ||
        AnyEphemeralChanged(pod, old);

    private static bool AnyChanged(
        V1Pod pod, V1Pod old, IList<V1Container>? containers, IList<V1Container>? oldContainers)
    {
        var count = containers?.Count ?? 0;
        return count != (oldContainers?.Count ?? 0) ||
            Enumerable.Range(0, count).Any(i =>
                containers![i].Image != oldContainers![i].Image || IsSeccompChanged(pod, old, containers[i].Name));
    }

    private static bool AnyEphemeralChanged(V1Pod pod, V1Pod old)
    {
        var before = (old.Spec.EphemeralContainers ?? []).ToDictionary(
            static c => c.Name, static c => c.Image, StringComparer.Ordinal);
        return (pod.Spec.EphemeralContainers ?? []).Any(c =>
            !before.TryGetValue(c.Name, out var image) || c.Image != image || IsSeccompChanged(pod, old, c.Name));
    }

    private static bool IsSeccompChanged(V1Pod pod, V1Pod old, string container) =>
        Annotation(pod, SeccompPrefix + container) != Annotation(old, SeccompPrefix + container);

    private static string Annotation(V1Pod pod, string key) =>
        pod.Metadata.Annotations is { } all && all.TryGetValue(key, out var value) ? value : "";
}
