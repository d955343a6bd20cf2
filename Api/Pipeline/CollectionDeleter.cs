using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Pipeline;

/// <summary>Deletes what a selector selects, and answers with the list of what it found.</summary>
public sealed class CollectionDeleter(ObjectReader reader, ObjectDeleter deleter)
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

        var snapshot = await reader.SnapshotAsync(context.Resource, ReadFreshness.Linearizable, context.CancellationToken);
        var items = selection.Value.Select(snapshot).ToList();
        var refusal = await DeleteAllAsync(context, options, items);
        return refusal ?? (Outcome<ReadOnlyMemory<byte>>)Render(context, snapshot.Revision, items);
    }

    private async ValueTask<Status?> DeleteAllAsync(WriteContext context, DeletionOptions options, List<ResourceObject> items)
    {
        foreach (var batch in items.Chunk(Workers))
        {
            var outcomes = await Task.WhenAll(batch.Select(i => deleter.DeleteAsync(context.With(i.Key), options).AsTask()));
            var failure = outcomes.FirstOrDefault(o => !o.Succeeded && o.Error.Reason != StatusReasons.NotFound);
            if (failure.Error is { } status)
            {
                return status;
            }
        }

        return null;
    }

    private static ReadOnlyMemory<byte> Render(WriteContext context, long revision, List<ResourceObject> items)
    {
        var slices = new ObjectSlices(context.Definition);
        var output = new ArrayBufferWriter<byte>(256 + items.Sum(i => i.Json.Length));
        output.Write(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"kind\":\"{context.Definition.Kind}List\",\"apiVersion\":\"{context.Definition.ApiVersion}\",\"metadata\":{{\"resourceVersion\":\"{revision}\"}},\"items\":[")));
        for (var i = 0; i < items.Count; i++)
        {
            output.Write(i == 0 ? "{"u8 : ",{"u8);
            output.Write(slices.Untyped(items[i].Json.Span));
        }

        output.Write("]}"u8);
        return output.WrittenMemory;
    }
}
