using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.Secrets;

/// <summary>Owner of one Secret; fills it when it is to hold a token of a service account.</summary>
[GrainType("secret")]
public sealed class SecretGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public SecretGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new SecretTokenReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
