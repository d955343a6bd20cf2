using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;

/// <summary>Owner of one PodDisruptionBudget; counts the pods that it protects.</summary>
[GrainType("poddisruptionbudget")]
public sealed class PodDisruptionBudgetGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public PodDisruptionBudgetGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new PodDisruptionBudgetReconciler(Address.Key, s), isEased: true);

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
