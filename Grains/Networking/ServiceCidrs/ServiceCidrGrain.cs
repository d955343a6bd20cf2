using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Networking.ServiceCidrs;

/// <summary>Owner of one ServiceCIDR: keeps it for as long as Services have addresses of it.</summary>
[GrainType("servicecidr")]
public sealed class ServiceCidrGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public ServiceCidrGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new ServiceCidrReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
