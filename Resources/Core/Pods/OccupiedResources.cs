using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>
/// What the containers of a pod take while it is resized, as upstream's <c>PodRequests</c> with the resources of the
/// status: the most of what each asks for, was given and has, except what it asks for in vain.
/// </summary>
public static class OccupiedResources
{
    /// <summary>The spec as it counts; the pod's own where its status says nothing of resources.</summary>
    public static V1PodSpec SpecOf(V1Pod pod)
    {
        var spec = pod.Spec;
        var known = Statuses(pod).Where(static s => s.Resources is not null)
            .DistinctBy(static s => s.Name, StringComparer.Ordinal)
            .ToDictionary(static s => s.Name, StringComparer.Ordinal);
        if (known.Count == 0)
        {
            return spec;
        }

        var isInVain = pod.Status.Conditions?.Any(
            static c => c is { Type: "PodResizePending", Reason: "Infeasible" }) == true;
        return spec with
        {
            Containers = [.. spec.Containers.Select(Occupied)],
            InitContainers = spec.InitContainers?.Select(c => PodResources.IsSidecar(c) ? Occupied(c) : c).ToList(),
        };

        V1Container Occupied(V1Container container) => known.TryGetValue(container.Name, out var status)
            ? container with { Resources = Most(isInVain ? null : container.Resources, status) }
            : container;
    }

    /// <summary>True when the status says of a container that it has other resources than it had.</summary>
    public static bool HaveChanged(V1Pod before, V1Pod now)
    {
        var had = Statuses(before).ToLookup(static s => s.Name, static s => s.Resources, StringComparer.Ordinal);
        return Statuses(now).Any(
            s => had[s.Name].Any(r => r is not null && !ModelShape.SemanticEquals(r, s.Resources)));
    }

    private static IEnumerable<V1ContainerStatus> Statuses(V1Pod pod) =>
        (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? []);

    private static V1ResourceRequirements Most(V1ResourceRequirements? asked, V1ContainerStatus status) => new()
    {
        Requests = Most(asked?.Requests, status.Resources.Requests, status.AllocatedResources),
        Limits = Most(asked?.Limits, status.Resources.Limits),
    };

    private static Dictionary<string, ResourceQuantity> Most(params IDictionary<string, ResourceQuantity>?[] amounts) =>
        amounts.SelectMany(static a => a ?? new Dictionary<string, ResourceQuantity>())
            .GroupBy(static a => a.Key, static a => a.Value, StringComparer.Ordinal)
            .ToDictionary(static g => g.Key, static g => g.MaxBy(static q => Quantity.Of(q))!, StringComparer.Ordinal);
}
