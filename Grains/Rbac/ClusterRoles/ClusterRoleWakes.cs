using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Rbac.ClusterRoles;

/// <summary>What wakes the ClusterRoles that are made of others: any of them all, as there are few.</summary>
internal static class ClusterRoleWakes
{
    public static readonly WakeRegistration Registration =
        new(ClusterRoleReconciler.Controller, WellKnown.ClusterRoles, Follows);

    private static IReadOnlyList<Followed> Follows()
    {
        var aggregated = new WakeGroup();
        return
        [
            new Followed(WellKnown.ClusterRoles, (change, keys) =>
            {
                aggregated.Note(change, static r => r.As<V1ClusterRole>().AggregationRule is not null);
                aggregated.Wake(keys);
            }),
        ];
    }
}
