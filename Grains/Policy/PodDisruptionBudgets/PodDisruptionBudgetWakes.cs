using k8s.Models;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;

/// <summary>What wakes a PodDisruptionBudget: itself, and the pods that it selects or did select.</summary>
internal static class PodDisruptionBudgetWakes
{
    public static readonly WakeRegistration Registration =
        new(PodDisruptionBudgetReconciler.Controller, WellKnown.PodDisruptionBudgets, Follows);

    private static IReadOnlyList<Followed> Follows()
    {
        var selectors = new SelectorIndex(filesEmpty: true);
        return
        [
            new Followed(WellKnown.PodDisruptionBudgets, (change, keys) =>
            {
                selectors.Set(
                    change.Object.Key,
                    change.Kind == ChangeKind.Deleted ? null : change.Object.As<V1PodDisruptionBudget>().Spec.Selector);
                keys.Add(change.Object.Key);
            }),
            new Followed(WellKnown.Pods, (change, keys) =>
            {
                selectors.Find(change.Object.Key.Namespace, change.Object.Metadata.Labels, keys);
                if (change.Previous is { } before)
                {
                    selectors.Find(before.Key.Namespace, before.Metadata.Labels, keys);
                }
            }),
        ];
    }
}
