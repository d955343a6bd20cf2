using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Apps.ReplicaSets;

/// <summary>Owner of one ReplicaSet; brings its pods to their number.</summary>
[GrainType("replicaset")]
public sealed class ReplicaSetGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public ReplicaSetGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new ReplicaSetReconciler(ReplicaKind.ReplicaSets, Address.Key, s), isEased: true);

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
