using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.ApiExtensions.Definitions;

/// <summary>Owner of one CustomResourceDefinition; accepts its names, and empties it when it is deleted.</summary>
[GrainType("customresourcedefinition")]
public sealed class CustomResourceDefinitionGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public CustomResourceDefinitionGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new DefinitionReconciler(Address.Key, s.Client, s.Catalog, s.Time));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
