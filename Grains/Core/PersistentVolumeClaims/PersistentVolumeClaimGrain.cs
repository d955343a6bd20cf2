using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumeClaims;

/// <summary>Owner of one PersistentVolumeClaim; finds it a volume, and keeps it while pods use it.</summary>
[GrainType("persistentvolumeclaim")]
public sealed class PersistentVolumeClaimGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public PersistentVolumeClaimGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new ClaimReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
