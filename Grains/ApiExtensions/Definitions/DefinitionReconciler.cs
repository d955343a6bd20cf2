using k8s.Models;
using OrleansOrchestrator.Formats;
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

    /// <summary>
    /// How soon to look again: at objects that wait for finalizers of their own, or at a definition that was edited
    /// meanwhile.
    /// </summary>
    private static readonly TimeSpan NextLook = TimeSpan.FromSeconds(1);

    private DateTime Now => ApiTime.Seconds(time.GetUtcNow());

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(CancellationToken cancellationToken)
    {
        var read = await client.GetAsync<V1CustomResourceDefinition>(
            key, ReadFreshness.Linearizable, cancellationToken);
        if (read.OrNull($"definition {key.Name}") is not { } definition)
        {
            return ReconcileResult.Done;
        }

        if (definition.Metadata.DeletionTimestamp is not null)
        {
            return await EmptyAsync(definition, cancellationToken);
        }

        var others = await OthersAsync(cancellationToken);
        var written = await WriteStatusAsync(
            item => DefinitionPlanner.Accept(item, others.Select(DefinitionFacts.Of), Now), cancellationToken);
        var isDone = written is null
            || !DefinitionPlanner.IsInstalling(written.As<V1CustomResourceDefinition>())
            || await TryEstablishAsync(written, cancellationToken);
        return isDone ? ReconcileResult.Done : ReconcileResult.Again(NextLook);
    }

    /// <summary>
    /// Two definitions may have taken one name at the same time, each of which did not see the other. Now they do: who
    /// is served already keeps it, or who was written first. Whoever is edited then is written last, so this is written
    /// only while the definition is what it was compared as: were it edited in between, another that looks at it then
    /// takes it for the later one. False when it was; then it is to look again.
    /// </summary>
    private async Task<bool> TryEstablishAsync(ResourceObject own, CancellationToken cancellationToken)
    {
        var (others, mine) = (await OthersAsync(cancellationToken), DefinitionFacts.Of(own));
        var facts = others.Select(DefinitionFacts.Of);
        var isLate = others.Any(o => DefinitionFacts.Of(o) is var theirs && theirs.IsAtOddsWith(mine)
            && (theirs.IsEstablished || o.Revision < own.Revision));
        var item = own.Clone<V1CustomResourceDefinition>();
        var isChanged = isLate
            ? DefinitionPlanner.Withdraw(item, facts, Now)
            : DefinitionPlanner.Establish(item, facts, Now);
        if (!isChanged)
        {
            return true;
        }

        var written = await client.UpdateStatusAsync(item, cancellationToken);
        if (!written.Succeeded && written.Error.Reason == StatusReasons.Conflict)
        {
            return false;
        }

        Expect(written);
        return true;
    }

    private async Task<List<ResourceObject>> OthersAsync(CancellationToken cancellationToken)
    {
        var query = new ListQuery
        {
            Resource = WellKnown.CustomResourceDefinitions, Freshness = ReadFreshness.Linearizable,
        };
        return [.. (await client.ListAsync(query, cancellationToken)).Items.Where(i => i.Key != key)];
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

        // What built-in kinds hide never had objects: those of the same name are not its own.
        var names = item.Status.AcceptedNames;
        var resource = new ResourceName(item.Spec.Group, names.Plural);
        if (!catalog.Hides(resource, names.Kind, item.Spec.Versions.Select(static v => v.Name))
            && !await TryEmptyAsync(resource, cancellationToken))
        {
            return ReconcileResult.Again(NextLook);
        }

        await SetTerminatingAsync(false, "InstanceDeletionCompleted", "removed all instances", cancellationToken);
        await FinishAsync(cancellationToken);
        return ReconcileResult.Done;
    }

    /// <summary>
    /// Deletes what is there; true when nothing is left. A silo that has not heard of the kind yet could not tell.
    /// </summary>
    private async Task<bool> TryEmptyAsync(ResourceName resource, CancellationToken cancellationToken) =>
        catalog.Current.Find(resource) is not null && await DeleteAsync(resource, cancellationToken) == 0;

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

    /// <summary>What it is then; null when it is gone.</summary>
    private async Task<ResourceObject?> WriteStatusAsync(
        Func<V1CustomResourceDefinition, bool> change, CancellationToken cancellationToken)
    {
        var written = await client.MutateAsync(key, "status", change, cancellationToken);
        Expect(written);
        return written.Succeeded ? written.Value : null;
    }

    private async Task FinishAsync(CancellationToken cancellationToken) =>
        Expect(await client.MutateAsync<V1CustomResourceDefinition>(
            key,
            "",
            static item => item.Metadata.DeletionTimestamp is not null
                && item.Metadata.Finalizers?.Remove(DefinitionStrategy.Finalizer) == true,
            cancellationToken));

    /// <summary>Gone in the meantime is well.</summary>
    private void Expect(Outcome<ResourceObject> outcome) =>
        outcome.ThrowIfRefused($"definition {key.Name}", StatusReasons.NotFound);
}
