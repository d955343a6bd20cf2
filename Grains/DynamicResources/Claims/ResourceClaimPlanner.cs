using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;

namespace OrleansOrchestrator.Grains.DynamicResources.Claims;

/// <summary>What a ResourceClaim must do.</summary>
public sealed record ResourceClaimPlan
{
    /// <summary>The status to write; null when it stays.</summary>
    public V1ResourceClaimStatus? Status { get; init; }

    /// <summary>Nothing is allocated to it any more: the finalizer that holds it goes, after the status.</summary>
    public bool Releases { get; init; }

    /// <summary>The pod that it was made for needs it no more.</summary>
    public bool IsUnused { get; init; }
}

/// <summary>Who holds a claim, and what becomes of it when nobody does: upstream's rules.</summary>
public static class ResourceClaimPlanner
{
    /// <summary>Holds a claim to which devices are allocated.</summary>
    public const string Finalizer = "resource.kubernetes.io/delete-protection";

    /// <summary>The next step.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="pods">The pods of its namespace that hold it or own it, as far as there are any, by name.</param>
    public static ResourceClaimPlan Compute(Resourcev1ResourceClaim claim, IReadOnlyDictionary<string, V1Pod> pods)
    {
        var reserved = claim.Status?.ReservedFor ?? [];

        // Nothing is known of a holder that is no pod, so nothing is taken from it.
        var kept = reserved
            .Where(r => !IsPod(r) || (pods.TryGetValue(r.Name, out var pod) && IsHolder(pod, r)))
            .ToList();
        var isHeld = claim.Metadata.Finalizers?.Contains(Finalizer) == true;
        var isFree = kept.Count == 0 && isHeld && (reserved.Count > 0 || claim.Metadata.DeletionTimestamp is not null);
        var isChanged = kept.Count < reserved.Count || (isFree && claim.Status?.Allocation is not null);
        return new ResourceClaimPlan
        {
            Status = isChanged ? Status(claim.Status!, kept, isFree) : null,
            Releases = isFree,
            IsUnused = kept.Count == 0 && claim.Metadata.DeletionTimestamp is null && OwnerIsDone(claim, pods),
        };
    }

    /// <summary>Names of the pods that <see cref="Compute"/> asks of.</summary>
    public static IEnumerable<string> Pods(Resourcev1ResourceClaim claim) =>
        (claim.Status?.ReservedFor ?? []).Where(IsPod).Select(static r => r.Name)
            .Concat(Owner(claim) is { } owner ? [owner.Name] : [])
            .Distinct(StringComparer.Ordinal);

    private static V1ResourceClaimStatus Status(
        V1ResourceClaimStatus old, IList<V1ResourceClaimConsumerReference> kept, bool isFree) => new()
        {
            Allocation = isFree ? null : old.Allocation,
            Devices = old.Devices,
            ReservedFor = kept.Count == 0 ? null : kept,
        };

    private static bool IsPod(V1ResourceClaimConsumerReference holder) =>
        string.IsNullOrEmpty(holder.ApiGroup) && holder.Resource == "pods";

    private static bool IsHolder(V1Pod pod, V1ResourceClaimConsumerReference holder) =>
        pod.Metadata.Uid == holder.Uid && !PodResourceClaims.IsDone(pod);

    /// <summary>
    /// Usually the garbage collector sees to it, but a pod that has ended may be there for long. One that is not there
    /// may be coming.
    /// </summary>
    private static bool OwnerIsDone(Resourcev1ResourceClaim claim, IReadOnlyDictionary<string, V1Pod> pods) =>
        Owner(claim) is { } owner && pods.TryGetValue(owner.Name, out var pod)
        && (pod.Metadata.Uid != owner.Uid || PodResourceClaims.IsDone(pod));

    private static V1OwnerReference? Owner(Resourcev1ResourceClaim claim) =>
        claim.Metadata.OwnerReferences?.FirstOrDefault(
            static o => o.Controller == true && o.ApiVersion == "v1" && o.Kind == "Pod");
}
