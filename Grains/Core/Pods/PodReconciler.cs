using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>Makes what a pod brings along: claims of its volumes, and claims of devices.</summary>
public sealed class PodReconciler(ObjectKey key, ReconcilingServices services) : IObjectReconciler
{
    private readonly EphemeralVolumeReconciler _volumes = new(key, services);
    private readonly PodResourceClaimReconciler _claims = new(key, services);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        // Upstream has a controller for each: what keeps one from its end keeps the other from nothing.
        var failures = new Failures();
        await failures.TryAsync(() => _volumes.ReconcileAsync(cancellationToken));
        var result = ReconcileResult.Done;
        await failures.TryAsync(async () => result = await _claims.ReconcileAsync(cancellationToken));
        failures.ThrowIfAny();
        return result;
    }
}
