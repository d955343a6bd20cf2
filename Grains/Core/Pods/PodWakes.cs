using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>
/// What wakes a Pod: its coming, if it has ephemeral volumes or ResourceClaims, the loss of a claim that was made for
/// one, and its node, which makes the ResourceClaims its own. What it asks for never changes.
/// </summary>
internal static class PodWakes
{
    public static readonly WakeRegistration Registration =
        new("ephemeral-volume-controller", WellKnown.Pods, static () =>
        [
            new Followed(WellKnown.Pods, static (change, keys) =>
            {
                if (IsNews(change) && HasClaims(change.Object))
                {
                    keys.Add(change.Object.Key);
                }
            }),
            .. new[] { WellKnown.PersistentVolumeClaims, WellKnown.ResourceClaims }.Select(
                static r => new Followed(r, AddOwner)),
        ])
        {
            Concerns = HasClaims,
        };

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
