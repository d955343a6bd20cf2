using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.Services;

/// <summary>Owner of one Service; keeps its Endpoints and EndpointSlices.</summary>
[GrainType("service")]
public sealed class ServiceGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public ServiceGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new ServiceReconciler(Address.Key, s), isEased: true);

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
