using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>What a pod and those of its containers that can be resized were given at some time.</summary>
public sealed record PodAmounts
{
    public static readonly PodAmounts None = new();

    public V1ResourceRequirements? Pod { get; init; }

    /// <summary>By name: regular containers and sidecars.</summary>
    public IReadOnlyDictionary<string, V1ResourceRequirements> Containers { get; init; } =
        new Dictionary<string, V1ResourceRequirements>();

    /// <summary>What the pod's spec asks for.</summary>
    public static PodAmounts Of(V1Pod pod) => new()
    {
        Pod = pod.Spec.Resources,
        Containers = pod.Resizable().ToDictionary(c => c.Name, c => c.Resources ?? new V1ResourceRequirements()),
    };

    public bool SameAs(PodAmounts other) => Same(Pod, other.Pod) && Containers.Keys.Union(other.Containers.Keys)
        .All(name => Same(Containers.GetValueOrDefault(name), other.Containers.GetValueOrDefault(name)));

    /// <summary>The pod as if its spec asked for these amounts; the very same object if it does.</summary>
    public V1Pod ApplyTo(V1Pod pod)
    {
        var same = Same(pod.Spec.Resources, Pod)
            && pod.Resizable().All(c => !Containers.TryGetValue(c.Name, out var own) || Same(c.Resources, own));
        return same ? pod : pod with
        {
            Spec = pod.Spec with
            {
                Resources = Pod,
                Containers = [.. pod.Spec.Containers.Select(With)],
                InitContainers = pod.Spec.InitContainers is null ? null : [.. pod.Spec.InitContainers.Select(With)],
            },
        };
    }

    private V1Container With(V1Container container) =>
        Containers.TryGetValue(container.Name, out var own) ? container with { Resources = own } : container;

    private static bool Same(V1ResourceRequirements? a, V1ResourceRequirements? b) =>
        Same(a?.Requests, b?.Requests) && Same(a?.Limits, b?.Limits);

    private static bool Same(IDictionary<string, ResourceQuantity>? a, IDictionary<string, ResourceQuantity>? b) =>
        (a?.Count ?? 0) == (b?.Count ?? 0)
        && (a is null || a.All(p => b!.TryGetValue(p.Key, out var other) && other.ToDecimal() == p.Value.ToDecimal()));
}
