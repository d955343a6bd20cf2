using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>What an update of a pod may touch at all; the rest is carried over from the old version.</summary>
internal static class PodUpdatePreparation
{
    public static void Apply(V1Pod pod, V1Pod old, string subresource)
    {
        switch (subresource)
        {
            case "status":
                Status(pod, old);
                break;
            case "ephemeralcontainers":
                EphemeralContainers(pod, old);
                break;
            case "resize":
                Resize(pod, old);
                break;
            default:
                pod.Status = old.Status;
                PodDefaults.SyncServiceAccount(pod.Spec);
                PodPreparation.DropDisabled(pod.Spec);
                BumpGeneration(pod, old);
                break;
        }
    }

    private static void BumpGeneration(V1Pod pod, V1Pod old) =>
        ObjectMetaRules.CountGeneration(pod.Metadata, old.Metadata, pod.Spec, old.Spec);

    private static void Status(V1Pod pod, V1Pod old)
    {
        pod.Spec = old.Spec;
        pod.Metadata.DeletionTimestamp = old.Metadata.DeletionTimestamp;
        pod.Metadata.OwnerReferences = old.Metadata.OwnerReferences;
        pod.Status ??= new V1PodStatus();
        pod.Status.QosClass = string.IsNullOrEmpty(pod.Status.QosClass) ? old.Status?.QosClass : pod.Status.QosClass;
        KeepObservedGenerations(pod.Status, old.Status);
        DropDisabled(pod.Status);
    }

    /// <summary>What only switches that are off in this version, or a later version, would keep.</summary>
    private static void DropDisabled(V1PodStatus status)
    {
        status.NodeAllocatableResourceClaimStatuses = null;
        status.VolumeHealth = null;
        IEnumerable<IList<V1ContainerStatus>?> lists =
            [status.ContainerStatuses, status.InitContainerStatuses, status.EphemeralContainerStatuses];
        foreach (var mount in lists.SelectMany(l => l ?? []).SelectMany(s => s.VolumeMounts ?? []))
        {
            mount.VolumeStatus = null;
        }
    }

    /// <summary>Clients that do not know these fields must not clear them.</summary>
    private static void KeepObservedGenerations(V1PodStatus status, V1PodStatus? old)
    {
        if (status.ObservedGeneration is null or 0)
        {
            status.ObservedGeneration = old?.ObservedGeneration;
        }

        var known = (old?.Conditions ?? []).ToLookup(c => c.Type, StringComparer.Ordinal);
        var used = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var condition in status.Conditions ?? [])
        {
            var index = used.GetValueOrDefault(condition.Type ?? "");
            used[condition.Type ?? ""] = index + 1;
            if (condition.ObservedGeneration is null or 0)
            {
                condition.ObservedGeneration =
                    known[condition.Type ?? ""].ElementAtOrDefault(index)?.ObservedGeneration;
            }
        }
    }

    private static void EphemeralContainers(V1Pod pod, V1Pod old)
    {
        var containers = pod.Spec.EphemeralContainers;
        pod.Spec = Copy(old.Spec);
        pod.Spec.EphemeralContainers = containers;
        PodPreparation.DropDisabled(pod.Spec);
        pod.Status = old.Status;
        KeepMetadata(pod, old);
        BumpGeneration(pod, old);
    }

    private static void Resize(V1Pod pod, V1Pod old)
    {
        if ((pod.Spec.Containers?.Count ?? 0) == (old.Spec.Containers?.Count ?? 0)
            && (pod.Spec.InitContainers?.Count ?? 0) == (old.Spec.InitContainers?.Count ?? 0))
        {
            var next = Copy(old.Spec);
            next.Resources = pod.Spec.Resources;
            next.Containers = WithResources(pod.Spec.Containers, old.Spec.Containers);
            next.InitContainers = WithResources(pod.Spec.InitContainers, old.Spec.InitContainers);
            pod.Spec = next;
            pod.Status = old.Status;
            KeepMetadata(pod, old);
        }

        BumpGeneration(pod, old);
    }

    /// <summary>
    /// The old containers with the new resources; the new ones as they are when names do not match, for validation to
    /// tell.
    /// </summary>
    private static IList<V1Container>? WithResources(IList<V1Container>? next, IList<V1Container>? old)
    {
        if (next is null || old is null || next.Zip(old).Any(p => p.First.Name != p.Second.Name))
        {
            return next;
        }

        return [.. next.Zip(old, (container, previous) =>
        {
            var copy = PodCopies.Of(previous);
            copy.Resources = container.Resources;
            copy.ResizePolicy = container.ResizePolicy;
            return copy;
        })];
    }

    /// <summary>These subresources leave metadata alone but for managed fields.</summary>
    private static void KeepMetadata(V1Pod pod, V1Pod old)
    {
        var (metadata, previous) = (pod.Metadata, old.Metadata);
        metadata.DeletionTimestamp = previous.DeletionTimestamp;
        metadata.Generation = previous.Generation;
        metadata.SelfLink = previous.SelfLink;
        metadata.Labels = previous.Labels;
        metadata.Annotations = previous.Annotations;
        metadata.Finalizers = previous.Finalizers;
        metadata.OwnerReferences = previous.OwnerReferences;
    }

    private static V1PodSpec Copy(V1PodSpec spec) => PodCopies.Of(spec);
}
