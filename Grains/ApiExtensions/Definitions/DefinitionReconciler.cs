using k8s.Models;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.ApiExtensions.Definitions;

/// <summary>
/// Accepts the names of a CustomResourceDefinition; of one that is deleted, deletes the objects first, then lets it go.
/// It writes as upstream's API server does, whose own controllers these are.
/// </summary>
public sealed class DefinitionReconciler(
    ObjectKey key, IResourceClient client, ResourceCatalog catalog, TimeProvider time) : IObjectReconciler
{
    /// <summary>Objects deleted at once.</summary>
    private const int MaxFanOut = 64;

    /// <summary>How soon to look again at objects that wait for finalizers of their own.</summary>
    private static readonly TimeSpan RemainingCheck = TimeSpan.FromSeconds(1);

    private DateTime Now => new(
        time.GetUtcNow().Ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, DateTimeKind.Utc);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await client.GetAsync<V1CustomResourceDefinition>(
            key, ReadFreshness.Linearizable, cancellationToken);
        if (!read.Succeeded)
        {
            return ReconcileResult.Done;
        }

        if (read.Value.Metadata.DeletionTimestamp is not null)
        {
            return await EmptyAsync(read.Value, cancellationToken);
        }

        var all = await client.ListAsync(
            new ListQuery
            {
                Resource = WellKnown.CustomResourceDefinitions, Freshness = ReadFreshness.Linearizable,
            },
            cancellationToken);
        var others = all.Items.Where(i => i.Key != key).Select(DefinitionFacts.Of).ToList();
        await WriteStatusAsync(item => DefinitionPlanner.Accept(item, others, Now), cancellationToken);
        return ReconcileResult.Done;
    }

    private async Task<ReconcileResult> EmptyAsync(V1CustomResourceDefinition item, CancellationToken cancellationToken)
    {
        if (item.Metadata.Finalizers?.Contains(DefinitionStrategy.Finalizer) != true)
        {
            return ReconcileResult.Done;
        }

        await SetTerminatingAsync(
            true, "InstanceDeletionInProgress", "CustomResource deletion is in progress", cancellationToken);
        if (!DefinitionConditions.IsTrue(item, DefinitionConditions.Established))
        {
            await SetTerminatingAsync(false, "NeverEstablished", "resource was never established", cancellationToken);
            await FinishAsync(cancellationToken);
            return ReconcileResult.Done;
        }

        var resource = new ResourceName(item.Spec.Group, item.Status.AcceptedNames.Plural);
        if (catalog.Current.Find(resource) is null)
        {
            // This silo has not heard of the kind yet, and could not tell what there is of it.
            return ReconcileResult.Again(RemainingCheck);
        }

        if (await DeleteAsync(resource, cancellationToken) > 0)
        {
            return ReconcileResult.Again(RemainingCheck);
        }

        await SetTerminatingAsync(false, "InstanceDeletionCompleted", "removed all instances", cancellationToken);
        await FinishAsync(cancellationToken);
        return ReconcileResult.Done;
    }

    /// <summary>Deletes what is there; says how many objects remain.</summary>
    private async Task<int> DeleteAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        var query = new ListQuery { Resource = resource, Freshness = ReadFreshness.Linearizable };
        var found = await client.ListAsync(query, cancellationToken);
        await Parallel.ForEachAsync(
            found.Items.Where(i => i.Metadata.DeletionTimestamp is null),
            new ParallelOptions { MaxDegreeOfParallelism = MaxFanOut, CancellationToken = cancellationToken },
            async (target, token) => await client.DeleteAsync(
                new DeleteRequest { Resource = resource, Key = target.Key, Uid = target.Uid }, token));
        return found.Items.Count == 0 ? 0 : (await client.ListAsync(query, cancellationToken)).Items.Count;
    }

    private Task SetTerminatingAsync(bool status, string reason, string message, CancellationToken cancellationToken) =>
        WriteStatusAsync(
            item =>
            {
                var known = DefinitionConditions.Find(item, DefinitionConditions.Terminating);
                if (known?.Reason == reason)
                {
                    return false;
                }

                DefinitionConditions.Set(
                    item, DefinitionConditions.Of(DefinitionConditions.Terminating, status, reason, message), Now);
                return true;
            },
            cancellationToken);

    private async Task WriteStatusAsync(
        Func<V1CustomResourceDefinition, bool> change, CancellationToken cancellationToken) =>
        Expect(await client.MutateAsync(key, "status", change, cancellationToken));

    private async Task FinishAsync(CancellationToken cancellationToken) =>
        Expect(await client.MutateAsync<V1CustomResourceDefinition>(
            key,
            "",
            static item => item.Metadata.DeletionTimestamp is not null
                && item.Metadata.Finalizers?.Remove(DefinitionStrategy.Finalizer) == true,
            cancellationToken));

    /// <summary>Gone in the meantime is well.</summary>
    private void Expect(Outcome<ResourceObject> outcome)
    {
        if (!outcome.Succeeded && outcome.Error.Reason != StatusReasons.NotFound)
        {
            throw ReconcileException.Of($"definition {key.Name}", outcome.Error);
        }
    }
}
