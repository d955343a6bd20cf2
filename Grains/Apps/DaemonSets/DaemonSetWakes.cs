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
        var all = new WakeGroup();
        return
        [
            .. Owned.Follows(),
            new Followed(WellKnown.DaemonSets, (change, _) => all.Note(change, static _ => true)),
            new Followed(WellKnown.Nodes, (change, keys) =>
            {
                if (!all.IsEmpty && DaemonPods.IsRelevant(change))
                {
                    all.Wake(keys);
                }
            }),
        ];
    }
}
