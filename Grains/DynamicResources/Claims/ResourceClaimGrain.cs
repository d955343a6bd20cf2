using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.DynamicResources.Claims;

/// <summary>Owner of one ResourceClaim; sees who holds it.</summary>
[GrainType("resourceclaim")]
public sealed class ResourceClaimGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public ResourceClaimGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new ResourceClaimReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
