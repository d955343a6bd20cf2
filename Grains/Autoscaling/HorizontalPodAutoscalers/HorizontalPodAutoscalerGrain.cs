using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Autoscaling.HorizontalPodAutoscalers;

/// <summary>Owner of one HorizontalPodAutoscaler; sizes its target by what the target's pods use.</summary>
[GrainType("horizontalpodautoscaler")]
public sealed class HorizontalPodAutoscalerGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public HorizontalPodAutoscalerGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new HorizontalPodAutoscalerReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
