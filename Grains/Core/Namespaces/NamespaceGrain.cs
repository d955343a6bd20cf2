using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.Namespaces;

/// <summary>Owner of one Namespace; furnishes it, and empties it when it is deleted.</summary>
[GrainType("namespace")]
public sealed class NamespaceGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public NamespaceGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new NamespaceReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
