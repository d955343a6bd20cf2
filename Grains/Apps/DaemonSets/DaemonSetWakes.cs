using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Apps.DaemonSets;

/// <summary>
/// What wakes a DaemonSet: itself, the pods and revisions that it controls or could adopt, and every change of what
/// decides on a node's fitness (not its heartbeats).
/// </summary>
internal static class DaemonSetWakes
{
    private static readonly WakeRegistration Owned = WakeRegistration.OfOwners<V1DaemonSet>(
        "daemon-set-controller", WellKnown.DaemonSets, "DaemonSet",
        [WellKnown.Pods, WellKnown.ControllerRevisions], static s => s.Spec.Selector);

    public static readonly WakeRegistration Registration = Owned with { Follows = Follows };

    private static IReadOnlyList<Followed> Follows()
    {
        var all = new HashSet<ObjectKey>();
        return
        [
            .. Owned.Follows(),
            new Followed(WellKnown.DaemonSets, (change, keys) =>
            {
                var key = change.Object.Key;
                _ = change.Kind == ChangeKind.Deleted ? all.Remove(key) : all.Add(key);
            }),
            new Followed(WellKnown.Nodes, (change, keys) =>
            {
                foreach (var key in all.Count > 0 && DaemonPods.IsRelevant(change) ? all : [])
                {
                    keys.Add(key);
                }
            }),
        ];
    }
}
