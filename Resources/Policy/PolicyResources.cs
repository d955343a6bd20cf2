using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Policy.PodDisruptionBudgets;

namespace OrleansOrchestrator.Resources.Policy;

/// <summary>Rows of <c>policy</c>, in discovery order.</summary>
internal static class PolicyResources
{
    public static IEnumerable<ResourceKind> Rows =>
    [
        new()
        {
            Name = WellKnown.PodDisruptionBudgets, Kind = "PodDisruptionBudget", Singular = "poddisruptionbudget",
            ShortNames = ["pdb"], GrainType = "poddisruptionbudget", TakesAnyFinalizer = true,
            Versions = [new("v1", new PodDisruptionBudgetStrategy()) { Subresources = [SubresourceDefinition.Status] }],
        },
    ];
}
