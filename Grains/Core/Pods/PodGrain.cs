using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>Owner of one Pod. Its node's agent moves it; only claims of its own are made here.</summary>
[GrainType("pod")]
public sealed class PodGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public PodGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new PodReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
