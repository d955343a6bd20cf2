using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>
/// What wakes a Pod: its coming, if it has ephemeral volumes or ResourceClaims, the loss of a claim that was made for
/// one, and its node, which makes the ResourceClaims its own: those that have devices, else as soon as they do. What
/// it asks for never changes.
/// </summary>
internal static class PodWakes
{
    public static readonly WakeRegistration Registration = new("ephemeral-volume-controller", WellKnown.Pods, Follows)
    {
        Concerns = HasClaims,
    };

    private static IReadOnlyList<Followed> Follows()
    {
        var users = new TagIndex();
        return
        [
            new Followed(WellKnown.Pods, (change, keys) =>
            {
                users.Set(change.Object.Key, change.Kind == ChangeKind.Deleted ? [] : ClaimsOnNode(change.Object));
                if (IsNews(change) && HasClaims(change.Object))
                {
                    keys.Add(change.Object.Key);
                }
            }),
            new Followed(WellKnown.PersistentVolumeClaims, AddOwner),
            new Followed(WellKnown.ResourceClaims, (change, keys) =>
            {
                AddOwner(change, keys);
                if (IsAllocated(change.Object) && (change.Previous is null || !IsAllocated(change.Previous)))
                {
                    users.Find(change.Object.Key.ToString(), keys);
                }
            }),
        ];
    }

    /// <summary>The ResourceClaims of a pod that has a node and runs, or may yet.</summary>
    private static IEnumerable<string> ClaimsOnNode(ResourceObject item)
    {
        if (!PodResourceClaims.MayHave(item.Json.Span) || PodFacts.Of(item) is { NodeName: "" } or { IsFinished: true })
        {
            return [];
        }

        return PodResourceClaims.Named(item.As<V1Pod>())
            .Select(name => new ObjectKey(item.Key.Namespace, name).ToString());
    }

    private static bool IsAllocated(ResourceObject claim) =>
        claim.As<Resourcev1ResourceClaim>().Status?.Allocation is not null;

    private static void AddOwner(ResourceChange change, ICollection<ObjectKey> keys)
    {
        if (change.Kind == ChangeKind.Deleted && change.Object.Metadata.Controller is { Kind: "Pod" } owner)
        {
            keys.Add(new ObjectKey(change.Object.Key.Namespace, owner.Name));
        }
    }

    private static bool IsNews(ResourceChange change) => change.Kind == ChangeKind.Added
        || (change.Kind == ChangeKind.Modified
            && change.Previous is { } before
            && PodFacts.Of(before).NodeName != PodFacts.Of(change.Object).NodeName);

    private static bool HasClaims(ResourceObject pod) =>
        PodClaims.MayBeEphemeral(pod.Json.Span) || PodResourceClaims.MayHave(pod.Json.Span);
}
