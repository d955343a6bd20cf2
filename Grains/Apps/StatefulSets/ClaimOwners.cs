using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.StatefulSets;

/// <summary>
/// <c>persistentVolumeClaimRetentionPolicy</c>: the garbage collector deletes the claims, so the policy is nothing but
/// the question who owns a claim.
/// <para>
/// whenDeleted Delete: the set owns the claims of its pods. whenScaled Delete: a pod beyond the range of ordinals owns
/// its claims (and the set does not). Else nobody does. Claims that are somebody else's, or a namesake's of before, are
/// left alone.
/// </para>
/// </summary>
public static class ClaimOwners
{
    private const string Delete = "Delete";

    /// <summary>The owners that a claim must get; null when they are right, or none of the set's business.</summary>
    public static List<V1OwnerReference>? Of(
        V1StatefulSet set, int ordinal, PodFacts pod, V1PersistentVolumeClaim claim)
    {
        var owners = claim.Metadata.OwnerReferences ?? [];
        var theSet = set.ControllerReference();
        var thePod = PodReference(pod.Key.Name, pod.Uid);
        if (owners.Any(o => IsNamesake(o, theSet) || IsNamesake(o, thePod)))
        {
            return null;
        }

        var others = owners.Where(o => !IsOf(o, theSet) && !IsOf(o, thePod)).ToList();
        var ours = owners.Where(o => o.Uid == theSet.Uid || o.Uid == thePod.Uid).ToList();
        if (Conflicts(set, pod, claim))
        {
            return ours.Count > 0 ? others : null;
        }

        var wanted = Wanted(set, StatefulPods.IsInRange(set, ordinal), theSet, thePod);
        var isRight = ours.All(o => o.Controller == true)
            && ours.Select(o => o.Uid).ToHashSet().SetEquals(wanted is null ? [] : [wanted.Uid]);
        return isRight ? null : wanted is null ? others : [.. others, wanted];
    }

    /// <summary>
    /// The policy wants to own claims, and somebody else controls this one, or a namesake of before owns it: the set
    /// must not, and tells about it.
    /// </summary>
    public static bool Conflicts(V1StatefulSet set, PodFacts pod, V1PersistentVolumeClaim claim)
    {
        if (!Deletes(set) && !DeletesScaled(set))
        {
            return false;
        }

        V1OwnerReference[] own = [set.ControllerReference(), PodReference(pod.Key.Name, pod.Uid)];
        return claim.Metadata.OwnerReferences?.Any(o =>
            Array.Find(own, w => IsOf(o, w)) is { } who ? o.Uid != who.Uid : o.Controller == true) == true;
    }

    /// <summary>
    /// True if a pod must wait with its creation: a claim of its name is owned by a pod that is gone, and goes too.
    /// </summary>
    public static bool IsStale(
        V1StatefulSet set, int ordinal, IReadOnlyDictionary<string, V1PersistentVolumeClaim> claims)
    {
        var pod = PodReference(StatefulPods.Name(set, ordinal));
        return DeletesScaled(set) && (set.Spec.VolumeClaimTemplates ?? []).Any(t =>
            claims.TryGetValue(StatefulPods.ClaimName(set, t, ordinal), out var claim)
            && claim.Metadata.OwnerReferences?.Any(o => IsOf(o, pod)) == true);
    }

    private static V1OwnerReference? Wanted(
        V1StatefulSet set, bool isInRange, V1OwnerReference theSet, V1OwnerReference thePod)
    {
        if (DeletesScaled(set) && !isInRange)
        {
            return thePod;
        }

        return Deletes(set) ? theSet : null;
    }

    private static bool Deletes(V1StatefulSet set) =>
        set.Spec.PersistentVolumeClaimRetentionPolicy?.WhenDeleted == Delete;

    private static bool DeletesScaled(V1StatefulSet set) =>
        set.Spec.PersistentVolumeClaimRetentionPolicy?.WhenScaled == Delete;

    private static bool IsOf(V1OwnerReference owner, V1OwnerReference who) =>
        owner.ApiVersion == who.ApiVersion && owner.Kind == who.Kind && owner.Name == who.Name;

    private static bool IsNamesake(V1OwnerReference owner, V1OwnerReference who) =>
        IsOf(owner, who) && owner.Uid != who.Uid;

    private static V1OwnerReference PodReference(string name, string uid = "") => new()
    {
        ApiVersion = ResourceOf<V1Pod>.ApiVersion,
        Kind = ResourceOf<V1Pod>.Kind,
        Name = name,
        Uid = uid,
        Controller = true,
        BlockOwnerDeletion = true,
    };
}
