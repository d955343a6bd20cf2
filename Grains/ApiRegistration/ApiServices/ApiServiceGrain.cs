using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.ApiRegistration.ApiServices;

/// <summary>Owner of one APIService; says whether its server can be reached.</summary>
[GrainType("apiservice")]
public sealed class ApiServiceGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public ApiServiceGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new ApiServiceReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
