using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity;

/// <summary>A pod, or a template of pods, as the checks look at it.</summary>
internal sealed class CheckedPod(V1ObjectMeta? metadata, V1PodSpec spec)
{
    public V1PodSpec Spec => spec;

    public IEnumerable<KeyValuePair<string,
    string>> Annotations => metadata?.Annotations ?? Enumerable.Empty<KeyValuePair<string, string>>();

    /// <summary>Init containers, containers, ephemeral containers: upstream's order of visiting.</summary>
    public IReadOnlyList<V1Container> Containers { get; } =
    [
        .. spec.InitContainers ?? [],
        .. spec.Containers ?? [],
        .. (spec.EphemeralContainers ?? []).Select(PodContainers.AsContainer),
    ];

    public bool IsForWindows => spec.Os?.Name == "windows";

    /// <summary>Root in such a pod is nobody on the host.</summary>
    public bool HasUserNamespace => spec.HostUsers == false;

    public string? Annotation(string key) =>
        metadata?.Annotations is { } all && all.TryGetValue(key, out var value) ? value : null;

    /// <summary>Names of the containers that are so, in the order of visiting.</summary>
    public List<string> NamesOf(Func<V1Container, bool> isSo) => [.. Containers.Where(isSo).Select(c => c.Name ?? "")];
}
