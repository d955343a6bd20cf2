using OrleansOrchestrator.Grains.ApiExtensions.Definitions;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// What upstream's API server does of its own accord, without controllers: it establishes definitions of custom kinds,
/// and empties those that are deleted.
/// </summary>
internal sealed class DefinitionKeeper(IResourceClient client, ResourceCatalog catalog, TimeProvider time)
{
    /// <summary>Does so until it is cancelled, or the server stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var running = new List<Task>();
        await foreach (var change in client.FollowAsync(WellKnown.CustomResourceDefinitions, cancellationToken))
        {
            if (!ReferenceEquals(change, ResourceChange.Synced) && change.Kind != ChangeKind.Deleted)
            {
                running.RemoveAll(r => r.IsCompletedSuccessfully);
                running.Add(ReconcileAsync(change.Object.Key, cancellationToken));
            }
        }

        await Task.WhenAll(running);
    }

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var reconciler = new DefinitionReconciler(key, client, catalog, time);
        while (await reconciler.ReconcileAsync(cancellationToken) is { After: { } delay })
        {
            await Task.Delay(delay, time, cancellationToken);
        }
    }
}
