using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Rbac.ClusterRoles;

/// <summary>Owner of one ClusterRole; puts it together when it is made of others.</summary>
[GrainType("clusterrole")]
public sealed class ClusterRoleGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public ClusterRoleGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new ClusterRoleReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
