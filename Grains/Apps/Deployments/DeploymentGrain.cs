using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Apps.Deployments;

/// <summary>Owner of one Deployment; rolls its ReplicaSets.</summary>
[GrainType("deployment")]
public sealed class DeploymentGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public DeploymentGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new DeploymentReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
