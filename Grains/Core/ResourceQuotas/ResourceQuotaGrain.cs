using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.ResourceQuotas;

/// <summary>Owner of one ResourceQuota; counts anew what is used of it.</summary>
[GrainType("resourcequota")]
public sealed class ResourceQuotaGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public ResourceQuotaGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new ResourceQuotaReconciler(Address.Key, s), isEased: true);

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
