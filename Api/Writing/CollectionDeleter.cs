using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Writing;

/// <summary>Deletes what a selector selects, and answers with the list of what it found.</summary>
public sealed class CollectionDeleter(ListResolver resolver, ObjectDeleter deleter, LongWorkTurns turns)
{
    /// <summary>Deletions at the same time: enough to fill journal batches, too few to starve other writers.</summary>
    private const int Workers = 16;

    /// <summary>Deletes; the value is the list as JSON.</summary>
    public async ValueTask<Outcome<ReadOnlyMemory<byte>>> DeleteAsync(
        WriteContext context, DeletionOptions options, IQueryCollection query)
    {
        var list = ListOptions.Read(query);
        if (!list.Succeeded)
        {
            return list.Error;
        }

        if (list.Value.Validate() is { } invalid)
        {
            return invalid;
        }

        var selection = ObjectSelection.Parse(
            context.Definition, context.Key.Namespace, "", list.Value.LabelSelector, list.Value.FieldSelector);
        if (!selection.Succeeded)
        {
            return selection.Error;
        }

        // A limit is kept: who gives one deletes page by page.
        var position =
            await resolver.ResolveAsync(context.Definition, list.Value, selection.Value, context.CancellationToken);
        if (!position.Succeeded)
        {
            return position.Error;
        }

        using var work = turns.Begin();
        var page = await ListPage.TakeAsync(position.Value, selection.Value, work, context.CancellationToken);
        var refusal = await DeleteAllAsync(context, options, page.Items);
        return refusal ?? (Outcome<ReadOnlyMemory<byte>>)Render(
            context, await page.ShownAsync(context.Definition, context.CancellationToken));
    }

    private async ValueTask<Status?> DeleteAllAsync(
        WriteContext context, DeletionOptions options, IReadOnlyList<ResourceObject> items)
    {
        foreach (var batch in items.Chunk(Workers))
        {
            var outcomes =
                await Task.WhenAll(batch.Select(i => deleter.DeleteAsync(context.With(i.Key), options).AsTask()));
            var failure = outcomes.FirstOrDefault(o => !o.Succeeded && o.Error.Reason != StatusReasons.NotFound);
            if (failure.Error is { } status)
            {
                return status;
            }
        }

        return null;
    }

    private static ReadOnlyMemory<byte> Render(WriteContext context, ListPage page)
    {
        var slices = new ObjectSlices(context.Definition);
        var output = new ArrayBufferWriter<byte>(256 + page.Items.Sum(i => i.Json.Length));
        var (head, tail) = page.Frame(context.Definition);
        output.Write(head);
        output.Write("["u8);
        for (var i = 0; i < page.Items.Count; i++)
        {
            output.Write(i == 0 ? "{"u8 : ",{"u8);
            output.Write(slices.Untyped(page.Items[i].Json.Span));
        }

        output.Write("]"u8);
        output.Write(tail);
        return output.WrittenMemory;
    }
}
