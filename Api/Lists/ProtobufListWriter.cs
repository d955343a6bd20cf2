using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Protobuf;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>
/// Writes a page in protobuf. Items are messages that the shelf keeps: nothing is encoded again. How long a message is
/// stands before it, so all items are gathered before the first byte is sent.
/// </summary>
internal sealed class ProtobufListWriter(
    ResourceDefinition definition, ProtobufShelf shelf, ListPage page, LongWork work)
{
    private const int MetadataField = 1;
    private const int ItemsField = 2;

    /// <summary>The list, or its metadata form.</summary>
    public async Task SendAsync(HttpContext context, ResponseFormat format)
    {
        var isPartial = format.Form == ObjectForm.PartialObjectMetadataList;
        var envelope = isPartial
            ? ProtobufForm.PartialEnvelope(format.MetaVersion, "PartialObjectMetadataList")
            : new EnvelopeWriter(definition.ApiVersion, $"{definition.Kind}List");
        var metadata = ProtobufForm.Encode<V1ListMeta>(Encoding.UTF8.GetBytes(page.Metadata()));
        var items = new ReadOnlyMemory<byte>[page.Items.Count];
        var length = ProtobufOutput.FieldSize(metadata.Length);
        for (var i = 0; i < items.Length; i++)
        {
            var stored = page.Items[i].Json;
            items[i] = isPartial ? shelf.PartialOf(definition, stored) : shelf.MessageOf(definition, stored);
            length += ProtobufOutput.FieldSize(items[i].Length);
            if ((i + 1) % LongWork.SliceObjects == 0)
            {
                await work.NextAsync(context.RequestAborted);
            }
        }

        await ResponseBody.SendAsync(
            context, format.ContentType, StatusCodes.Status200OK, envelope.SizeOf(length),
            pipe => WriteAsync(pipe, envelope, length, metadata, items, context.RequestAborted));
    }

    private async Task WriteAsync(
        PipeWriter pipe, EnvelopeWriter envelope, int length, byte[] metadata, ReadOnlyMemory<byte>[] items,
        CancellationToken cancellationToken)
    {
        envelope.WriteHead(pipe, length);
        pipe.WriteFieldHead(MetadataField, metadata.Length);
        pipe.Write(metadata);
        foreach (var item in items)
        {
            pipe.WriteFieldHead(ItemsField, item.Length);
            pipe.Write(item.Span);
            if (pipe.UnflushedBytes >= ResponseBody.FlushBytes)
            {
                await work.FlushAsync(pipe, cancellationToken);
            }
        }

        work.Leave();

        EnvelopeWriter.WriteTail(pipe);
    }
}
