using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.StatefulSets;

/// <summary>
/// What wakes a StatefulSet: itself, the pods and revisions that it controls or could adopt, and the end of a claim
/// that a pod of its owned, since the pod's successor waits for it.
/// </summary>
internal static class StatefulSetWakes
{
    private static readonly WakeRegistration Owned = WakeRegistration.OfOwners<V1StatefulSet>(
        "statefulset-controller", WellKnown.StatefulSets, "StatefulSet",
        [WellKnown.Pods, WellKnown.ControllerRevisions], static s => s.Spec.Selector);

    public static readonly WakeRegistration Registration = Owned with
    {
        Follows = static () => [.. Owned.Follows(), new Followed(WellKnown.PersistentVolumeClaims, AddSet)],
    };

    private static void AddSet(ResourceChange change, ICollection<ObjectKey> keys)
    {
        if (change.Kind == ChangeKind.Deleted
            && change.Object.Metadata.Controller is { Kind: "Pod", Name: var pod }
            && pod.LastIndexOf('-') is > 0 and var dash)
        {
            keys.Add(new ObjectKey(change.Object.Key.Namespace, pod[..dash]));
        }
    }
}
