using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>Owner of one Job; runs its pods to completion.</summary>
[GrainType("job")]
public sealed class JobGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public JobGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new JobReconciler(Address.Key, s), isEased: true);

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
