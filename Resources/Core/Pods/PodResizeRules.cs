using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Resizing a running pod: CPU and memory of containers and of the pod, nothing else.</summary>
internal static class PodResizeRules
{
    private const string OnlyCpuAndMemory = "only cpu and memory resources are mutable";

    public static void Validate(V1Pod pod, V1Pod old, FieldErrors errors)
    {
        if (old.Metadata.Annotations?.ContainsKey(PodAnnotations.Mirror) == true)
        {
            errors.Forbidden(FieldPath.Of(""), "static pods cannot be resized");
            return;
        }

        if (old.Spec.Os?.Name == "windows")
        {
            errors.Forbidden(FieldPath.Of(""), "windows pods cannot be resized");
            return;
        }

        var path = FieldPath.Of("spec");
        ObjectMetaRules.ValidateCreate(
            pod.Metadata, true, static (name, isPrefix) => NameRules.DnsSubdomain(name, isPrefix), errors);
        PodRules.ValidateContent(pod, path, errors);
        if ((string.IsNullOrEmpty(old.Status?.QosClass) ? PodQos.Compute(old.Spec) : old.Status.QosClass) != PodQos.Compute(pod.Spec))
        {
            errors.Invalid(path, pod.Status?.QosClass ?? "", "Pod QOS Class may not change as a result of resizing");
        }

        if (old.Status?.ContainerStatuses?.FirstOrDefault(s => s.State?.Running is not null) is { Resources: null })
        {
            errors.Forbidden(path, "Pod running on node without support for resize");
        }

        var munged = PodCopies.Of(pod.Spec);
        PodLevel(pod.Spec, old.Spec, munged, path, errors);
        if (IsSameOrder(pod.Spec, old.Spec, path, errors))
        {
            Containers(pod.Spec, old.Spec, munged, path, errors);
        }
    }

    private static void PodLevel(V1PodSpec next, V1PodSpec old, V1PodSpec munged, FieldPath path, FieldErrors errors)
    {
        if (!HasAmounts(old.Resources) && !HasAmounts(next.Resources))
        {
            return;
        }

        if (old.Resources is not null && next.Resources is null)
        {
            errors.Forbidden(path.Child("resources"), "pod-level resources cannot be removed");
            return;
        }

        if (old.Resources is not null && Lacks(next.Resources?.Requests, old.Resources.Requests))
        {
            errors.Forbidden(path.Child("resources", "requests"), "pod-level resource requests cannot be removed");
        }

        if (old.Resources is not null && Lacks(next.Resources?.Limits, old.Resources.Limits))
        {
            errors.Forbidden(path.Child("resources", "limits"), "pod-level resource limits cannot be removed");
        }

        var resources = SetBack(munged.Resources, old.Resources) with { Claims = munged.Resources?.Claims };
        munged.Resources = old.Resources is null && !HasAmounts(resources) && resources.Claims is not { Count: > 0 }
            ? null
            : resources;
        if (!ModelShape.SemanticEquals(munged.Resources, old.Resources))
        {
            errors.Forbidden(path, OnlyCpuAndMemory + " at pod-level");
        }
    }

    private static bool HasAmounts(V1ResourceRequirements? resources) =>
        resources?.Requests is { Count: > 0 } || resources?.Limits is { Count: > 0 };

    private static bool Lacks(
        IDictionary<string, ResourceQuantity>? next, IDictionary<string, ResourceQuantity>? old) =>
        old?.Keys.Any(name => next?.ContainsKey(name) != true) == true;

    /// <summary>The new resources with the old CPU and memory.</summary>
    private static V1ResourceRequirements SetBack(V1ResourceRequirements? next, V1ResourceRequirements? old) => new()
    {
        Requests = SetBack(next?.Requests, old?.Requests),
        Limits = SetBack(next?.Limits, old?.Limits),
    };

    private static Dictionary<string, ResourceQuantity>? SetBack(
        IDictionary<string, ResourceQuantity>? next, IDictionary<string, ResourceQuantity>? old)
    {
        if (next is null && old is null)
        {
            return null;
        }

        var result = new Dictionary<string, ResourceQuantity>(
            next ?? new Dictionary<string, ResourceQuantity>(), StringComparer.Ordinal);
        foreach (var name in (string[])[ResourceNames.Cpu, ResourceNames.Memory])
        {
            result.Remove(name);
            if (old?.TryGetValue(name, out var quantity) == true)
            {
                result[name] = quantity;
            }
        }

        return result;
    }

    private static bool IsSameOrder(V1PodSpec next, V1PodSpec old, FieldPath path, FieldErrors errors)
    {
        var before = errors.Count;
        CompareNames(next.Containers ?? [], old.Containers ?? [], path, "containers", errors);
        CompareNames(next.InitContainers ?? [], old.InitContainers ?? [], path, "initContainers", errors);
        return errors.Count == before;
    }

    private static void CompareNames(
        IList<V1Container> next, IList<V1Container> old, FieldPath parent, string field, FieldErrors errors)
    {
        if (next.Count != old.Count)
        {
            errors.Forbidden(parent.Child(field), $"{field} may not be added or removed on resize");
            return;
        }

        for (var i = 0; i < old.Count; i++)
        {
            if (next[i].Name != old[i].Name)
            {
                errors.Forbidden(
                    parent.Child(field).Index(i).Child("name"), $"{field} may not be renamed or reordered on resize");
            }
        }
    }

    private static void Containers(V1PodSpec next, V1PodSpec old, V1PodSpec munged, FieldPath path, FieldErrors errors)
    {
        var (init, oldInit) = (next.InitContainers ?? [], old.InitContainers ?? []);
        for (var i = 0; i < init.Count; i++)
        {
            Removed(init[i], oldInit[i], path.Child("initContainers").Index(i).Child("resources"), errors);
        }

        var (containers, oldContainers) = (next.Containers ?? [], old.Containers ?? []);
        for (var i = 0; i < containers.Count; i++)
        {
            Removed(containers[i], oldContainers[i], path.Child("containers").Index(i).Child("resources"), errors);
        }

        munged.Containers = [.. containers.Zip(oldContainers, Munge)];
        foreach (var _ in munged.Containers.Zip(oldContainers).Where(p => !ModelShape.SemanticEquals(p.First, p.Second)))
        {
            errors.Forbidden(path, OnlyCpuAndMemory);
        }

        munged.InitContainers = [.. init.Select((c, i) => InitContainer(c, oldInit[i], i, path, errors))];
        if (errors.Count == 0 && !ModelShape.SemanticEquals(munged, old))
        {
            errors.Forbidden(path, OnlyCpuAndMemory);
        }
    }

    private static void Removed(V1Container next, V1Container old, FieldPath path, FieldErrors errors)
    {
        if (Lacks(next.Resources?.Requests, old.Resources?.Requests))
        {
            errors.Forbidden(path.Child("requests"), "resource requests cannot be removed");
        }

        if (Lacks(next.Resources?.Limits, old.Resources?.Limits))
        {
            errors.Forbidden(path.Child("limits"), "resource limits cannot be removed");
        }
    }

    private static V1Container Munge(V1Container next, V1Container old)
    {
        var copy = PodCopies.Of(next);
        copy.Resources = SetBack(next.Resources, old.Resources);
        return copy;
    }

    /// <summary>Only a sidecar can be resized by a restart; another init container would do its work again.</summary>
    private static V1Container InitContainer(
        V1Container next, V1Container old, int index, FieldPath path, FieldErrors errors)
    {
        var at = path.Child("initContainers").Index(index);
        var munged = Munge(next, old);
        if (!ModelShape.SemanticEquals(munged, old))
        {
            errors.Forbidden(at, "only cpu and memory resources for init or sidecar containers are mutable");
        }

        if (!PodResources.IsSidecar(next) && !ModelShape.SemanticEquals(next, old))
        {
            foreach (var _ in (next.ResizePolicy ?? []).Where(p => p.RestartPolicy == "RestartContainer"))
            {
                errors.Forbidden(
                    at, "non-sidecar init containers with a resize policy of RestartContainer cannot be resized");
            }
        }

        return munged;
    }
}
