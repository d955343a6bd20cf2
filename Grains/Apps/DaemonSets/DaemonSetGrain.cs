using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Apps.DaemonSets;

/// <summary>Owner of one DaemonSet; sees to one pod on every node that is fit for it.</summary>
[GrainType("daemonset")]
public sealed class DaemonSetGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public DaemonSetGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new DaemonSetReconciler(Address.Key, s), isEased: true);

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
