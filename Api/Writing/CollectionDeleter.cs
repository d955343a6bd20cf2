using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>Deletes what a selector selects, and says what it found.</summary>
public sealed class CollectionDeleter(ListResolver resolver, ObjectDeleter deleter, LongWorkTurns turns)
{
    /// <summary>Deletions at the same time: enough to fill journal batches, too few to starve other writers.</summary>
    private const int Workers = 16;

    /// <summary>Deletes; the value is what was deleted.</summary>
    public async ValueTask<Outcome<ListPage>> DeleteAsync(
        WriteContext context, DeletionOptions options, ListOptions list, ObjectSelection selection)
    {
        // A limit is kept: who gives one deletes page by page.
        var position = await resolver.ResolveAsync(context.Definition, list, selection, context.CancellationToken);
        if (!position.Succeeded)
        {
            return position.Error;
        }

        using var work = turns.Begin();
        var page = await ListPage.TakeAsync(position.Value, selection, work, context.CancellationToken);
        return await DeleteAllAsync(context, options with { IsOfCollection = true }, page.Items) is { } refusal
            ? refusal
            : page;
    }

    private async ValueTask<Status?> DeleteAllAsync(
        WriteContext context, DeletionOptions options, IReadOnlyList<ResourceObject> items)
    {
        foreach (var batch in items.Chunk(Workers))
        {
            WriteContext[] writes = [.. batch.Select(i => context.With(i.Key, warnings: []))];
            var outcomes = await Task.WhenAll(writes.Select(w => deleter.DeleteAsync(w, options).AsTask()));
            context.Warnings.AddRange(writes.SelectMany(static w => w.Warnings).Except(context.Warnings));
            var failure = outcomes.FirstOrDefault(o => !o.Succeeded && o.Error.Reason != StatusReasons.NotFound);
            if (failure.Error is { } status)
            {
                return status;
            }
        }

        return null;
    }
}
