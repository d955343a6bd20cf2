using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Storage.VolumeAttributesClasses;

/// <summary>Owner of one VolumeAttributesClass; keeps it while volumes or claims name it.</summary>
[GrainType("volumeattributesclass")]
public sealed class VolumeAttributesClassGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public VolumeAttributesClassGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new AttributesClassReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
