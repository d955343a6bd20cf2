using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Apps.StatefulSets;

/// <summary>Owner of one StatefulSet; brings its pods to their ordinals, claims and revision.</summary>
[GrainType("statefulset")]
public sealed class StatefulSetGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public StatefulSetGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new StatefulSetReconciler(Address.Key, s), isEased: true);

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
