using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>
/// Writes watch events in one form, one JSON object a line. The plain form puts committed bytes between two constants:
/// there is nothing to encode, and nothing to keep per watcher.
/// </summary>
internal sealed class WatchEncoder(ResourceDefinition definition, ResponseFormat format, TableRenderer? table)
    : IWatchEncoder
{
    private bool _columnsSent;

    /// <inheritdoc/>
    public bool CanEncode => format.Form != ObjectForm.PartialObjectMetadataList;

    /// <inheritdoc/>
    public void Write(IBufferWriter<byte> output, WatchEventType type, ReadOnlyMemory<byte> stored)
    {
        var json = definition.Show(stored).Span;
        output.Write(Head(type));
        switch (format.Form)
        {
            case ObjectForm.Full:
                output.Write(json);
                break;
            case ObjectForm.PartialObjectMetadata:
                ObjectResponder.WritePartial(output, definition, format.MetaVersion, json);
                break;
            default:
                WriteTable(output, json);
                break;
        }

        output.Write("}\n"u8);
    }

    /// <inheritdoc/>
    public void WriteBookmark(IBufferWriter<byte> output, long revision, bool endsInitialEvents)
    {
        var metadata = Bookmark.Metadata(revision, endsInitialEvents);
        output.Write("{\"type\":\"BOOKMARK\",\"object\":"u8);
        if (format.Form == ObjectForm.Table)
        {
            WriteTableBookmark(output, revision, metadata);
        }
        else
        {
            var partial = format.Form == ObjectForm.PartialObjectMetadata;
            var kind = partial ? "PartialObjectMetadata" : definition.Kind;
            var version = partial ? $"meta.k8s.io/{format.MetaVersion}" : definition.ApiVersion;
            Encoding.UTF8.GetBytes(
                $"{{\"kind\":\"{kind}\",\"apiVersion\":\"{version}\",\"metadata\":{metadata}}}", output);
        }

        output.Write("}\n"u8);
    }

    /// <inheritdoc/>
    public void WriteError(IBufferWriter<byte> output, Status status) => StatusJson.WriteEvent(output, status);

    private static ReadOnlySpan<byte> Head(WatchEventType type) => type switch
    {
        WatchEventType.Added => "{\"type\":\"ADDED\",\"object\":"u8,
        WatchEventType.Modified => "{\"type\":\"MODIFIED\",\"object\":"u8,
        _ => "{\"type\":\"DELETED\",\"object\":"u8,
    };

    private void WriteTable(IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        using var writer = new Utf8JsonWriter(output, TableRenderer.WriterOptions);
        table!.WriteStart(
            writer, ObjectSlices.ResourceVersion(json), continueToken: "", remaining: null, columns: !_columnsSent);
        _columnsSent = true;
        table.WriteRow(writer, json.ToArray());
        TableRenderer.WriteEnd(writer);
    }

    private void WriteTableBookmark(IBufferWriter<byte> output, long revision, string metadata)
    {
        using var writer = new Utf8JsonWriter(output, TableRenderer.WriterOptions);
        var version = revision.ToString(CultureInfo.InvariantCulture);
        table!.WriteStart(writer, version, continueToken: "", remaining: null, columns: !_columnsSent);
        _columnsSent = true;
        table.WriteMetadataRow(writer, Encoding.UTF8.GetBytes(metadata));
        TableRenderer.WriteEnd(writer);
    }
}
