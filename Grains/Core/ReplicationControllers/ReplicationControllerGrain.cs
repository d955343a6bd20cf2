using OrleansOrchestrator.Grains.Apps.ReplicaSets;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.ReplicationControllers;

/// <summary>Owner of one ReplicationController; brings its pods to their number, as a ReplicaSet's does.</summary>
[GrainType("replicationcontroller")]
public sealed class ReplicationControllerGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public ReplicationControllerGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling,
            s => new ReplicaSetReconciler(ReplicaKind.ReplicationControllers, Address.Key, s),
            isEased: true);

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
