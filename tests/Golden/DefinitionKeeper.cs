using OrleansOrchestrator.Grains.ApiExtensions.Definitions;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// What upstream's API server does of its own accord, without controllers: it establishes definitions of custom kinds,
/// and empties those that are deleted.
/// </summary>
internal sealed class DefinitionKeeper(IResourceClient client, ResourceCatalog catalog, TimeProvider time)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Does so until it is cancelled, or the server stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var running = new Dictionary<ObjectKey, Task>();
        await foreach (var change in client.FollowAsync(WellKnown.CustomResourceDefinitions, cancellationToken))
        {
            if (!ReferenceEquals(change, ResourceChange.Synced) && change.Kind != ChangeKind.Deleted)
            {
                var key = change.Object.Key;
                running[key] = ReconcileAsync(running.GetValueOrDefault(key), key, cancellationToken);
            }
        }

        await Task.WhenAll(running.Values);
    }

    /// <summary>
    /// One definition is looked at once at a time, and again after a failure, as the controller's shell does: two looks
    /// would take each other's conditions back.
    /// </summary>
    private async Task ReconcileAsync(Task? before, ObjectKey key, CancellationToken cancellationToken)
    {
        await (before ?? Task.CompletedTask);
        var reconciler = new DefinitionReconciler(key, client, catalog, time);
        await foreach (var _ in Patiently.StepsAsync(RetryAfter, cancellationToken))
        {
            if (await IsDoneAsync(reconciler, cancellationToken))
            {
                return;
            }
        }
    }

    private static async Task<bool> IsDoneAsync(
        DefinitionReconciler reconciler, CancellationToken cancellationToken)
    {
        try
        {
            return (await reconciler.ReconcileAsync(cancellationToken)).After is null;
        }
        catch (Exception failure) when (failure is ReconcileException or StoreUnavailableException or TimeoutException)
        {
            return false;
        }
    }
}
