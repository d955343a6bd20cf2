using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>
/// Writes a page. Items are slices of committed bytes: nothing is encoded again, and the pipe is flushed as it fills.
/// </summary>
internal sealed class ListWriter(ResourceDefinition definition, ObjectSlices slices, ListPage page, LongWork work)
{
    /// <summary>The list itself.</summary>
    public Task SendListAsync(HttpContext context, ResponseFormat format)
    {
        var (head, tail) = page.Frame(definition);
        return ResponseBody.SendAsync(
            context, format, 200, Size(head.Length + tail.Length),
            pipe => WriteListAsync(pipe, head, tail, context.RequestAborted));
    }

    /// <summary>The metadata form.</summary>
    public Task SendPartialAsync(HttpContext context, ResponseFormat format)
    {
        var head = page.Head("PartialObjectMetadataList", $"meta.k8s.io/{format.MetaVersion}");
        return ResponseBody.SendAsync(
            context, format, 200, size: null, pipe => WritePartialAsync(pipe, head, format.MetaVersion, context.RequestAborted));
    }

    /// <summary>The Table form.</summary>
    public Task SendTableAsync(HttpContext context, ResponseFormat format, TableRenderer table) => ResponseBody.SendAsync(
        context, format, 200, size: null, pipe => WriteTableAsync(pipe, table, context.RequestAborted));

    /// <summary>The items in the order in which Tables show them.</summary>
    private IEnumerable<ResourceObject> Rows() => definition.Strategy is ISortedRows sorted
        ? page.Items.OrderBy(i => definition.Codec.Share(i), sorted.RowOrder)
        : page.Items;

    /// <summary>How long the list is; of one that is long it is enough to know that.</summary>
    private long Size(int frame)
    {
        var size = (long)frame + 2 - (page.Items.Count == 0 ? 0 : 1);
        for (var i = 0; i < page.Items.Count && size <= ResponseBody.MaxPlainBytes; i++)
        {
            size += slices.Untyped(page.Items[i].Json.Span).Length + 2;
        }

        return size;
    }

    private static string Text(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    private async Task WriteListAsync(
        PipeWriter pipe, byte[] head, byte[] tail, CancellationToken cancellationToken)
    {
        pipe.Write(head);
        pipe.Write("["u8);
        var first = true;
        foreach (var item in page.Items)
        {
            pipe.Write(first ? "{"u8 : ",{"u8);
            first = false;
            pipe.Write(slices.Untyped(item.Json.Span));
            if (pipe.UnflushedBytes >= ResponseBody.FlushBytes)
            {
                await work.FlushAsync(pipe, cancellationToken);
            }
        }

        work.Leave();
        pipe.Write("]"u8);
        pipe.Write(tail);
    }

    private async Task WritePartialAsync(
        PipeWriter pipe, byte[] head, string metaVersion, CancellationToken cancellationToken)
    {
        pipe.Write(head);
        if (page.Items.Count == 0)
        {
            // Upstream's metadata lists are null when empty; full lists are not.
            pipe.Write("null}"u8);
            return;
        }

        var first = true;
        foreach (var item in page.Items)
        {
            pipe.Write(first ? "["u8 : ","u8);
            first = false;
            ObjectResponder.WritePartial(pipe, definition, metaVersion, item.Json.Span);
            if (pipe.UnflushedBytes >= ResponseBody.FlushBytes)
            {
                await work.FlushAsync(pipe, cancellationToken);
            }
        }

        work.Leave();
        pipe.Write("]}"u8);
    }

    private async Task WriteTableAsync(PipeWriter pipe, TableRenderer table, CancellationToken cancellationToken)
    {
        await using var writer = new Utf8JsonWriter(pipe, TableRenderer.WriterOptions);
        table.WriteStart(writer, Text(page.Revision), page.Continue, page.Remaining, columns: true);
        foreach (var item in Rows())
        {
            table.WriteRow(writer, item);
            if (writer.BytesPending + pipe.UnflushedBytes >= ResponseBody.FlushBytes)
            {
                writer.Flush();
                await work.FlushAsync(pipe, cancellationToken);
            }
        }

        work.Leave();
        TableRenderer.WriteEnd(writer);
        writer.Flush();
    }
}
