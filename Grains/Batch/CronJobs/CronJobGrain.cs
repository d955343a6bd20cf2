using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Batch.CronJobs;

/// <summary>Owner of one CronJob; starts its Jobs in time.</summary>
[GrainType("cronjob")]
public sealed class CronJobGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public CronJobGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new CronJobReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
