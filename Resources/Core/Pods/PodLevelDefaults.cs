using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Defaults of resources that are asked for the pod as a whole, from what its containers ask for.</summary>
internal static class PodLevelDefaults
{
    public static void Apply(V1PodSpec spec)
    {
        if (spec.Resources is not { } resources)
        {
            return;
        }

        HugePageLimits(spec, resources);
        Requests(spec, resources);
        Limits(spec, resources);
    }

    private static void HugePageLimits(V1PodSpec spec, V1ResourceRequirements resources)
    {
        if (IsEmpty(resources.Limits) && IsEmpty(resources.Requests))
        {
            return;
        }

        foreach (var (name, quantity) in PodResources.Limits(spec))
        {
            if (ResourceNames.IsHugePages(name) && resources.Requests?.ContainsKey(name) != true)
            {
                resources.Limits ??= NewMap();
                resources.Limits.TryAdd(name, quantity.ToModel());
            }
        }
    }

    private static void Requests(V1PodSpec spec, V1ResourceRequirements resources)
    {
        if (IsEmpty(resources.Limits))
        {
            return;
        }

        var requests = resources.Requests ?? NewMap();
        foreach (var (name, quantity) in PodResources.Requests(spec))
        {
            if (ResourceNames.IsSupportedAtPodLevel(name) && ResourceNames.IsOvercommitAllowed(name))
            {
                requests.TryAdd(name, quantity.ToModel());
            }
        }

        foreach (var (name, quantity) in resources.Limits)
        {
            if (ResourceNames.IsSupportedAtPodLevel(name))
            {
                requests.TryAdd(name, quantity);
            }
        }

        resources.Requests = requests.Count > 0 ? requests : resources.Requests;
    }

    /// <summary>Only when the pod has requests but no limits, and every container limits the resource.</summary>
    private static void Limits(V1PodSpec spec, V1ResourceRequirements resources)
    {
        if (HasSupported(resources.Limits) || !HasSupported(resources.Requests))
        {
            return;
        }

        var limits = resources.Limits ?? NewMap();
        foreach (var (name, quantity) in PodResources.Limits(spec))
        {
            if (ResourceNames.IsSupportedAtPodLevel(name)
                && ResourceNames.IsOvercommitAllowed(name)
                && AllLimit(spec, name))
            {
                limits.TryAdd(name, quantity.ToModel());
            }
        }

        resources.Limits = limits.Count > 0 ? limits : resources.Limits;
    }

    private static bool AllLimit(V1PodSpec spec, string name) =>
        (spec.Containers ?? []).Concat(spec.InitContainers ?? []).All(
            c => c.Resources?.Limits?.ContainsKey(name) == true);

    private static bool HasSupported(IDictionary<string, ResourceQuantity>? quantities) =>
        quantities?.Keys.Any(ResourceNames.IsSupportedAtPodLevel) == true;

    private static bool IsEmpty(IDictionary<string, ResourceQuantity>? quantities) => quantities is not { Count: > 0 };

    private static Dictionary<string, ResourceQuantity> NewMap() => new(StringComparer.Ordinal);
}
