using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>Owner of one PersistentVolume; releases and reclaims it when its claim has gone.</summary>
[GrainType("persistentvolume")]
public sealed class PersistentVolumeGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public PersistentVolumeGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new VolumeReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
