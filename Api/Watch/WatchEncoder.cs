using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansOrchestrator.Api.Errors;
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
{
    private bool _columnsSent;

    /// <summary>False for a form that no event can take: upstream then ends the stream at the first event.</summary>
    public bool CanEncode => format.Form != ObjectForm.PartialObjectMetadataList;

    public void Write(IBufferWriter<byte> output, WatchEventType type, ReadOnlyMemory<byte> stored)
    {
        var json = definition.StoredForm is { } form ? form.Show(stored) : stored.Span;
        output.Write(Head(type));
        switch (format.Form)
        {
            case ObjectForm.Full:
                output.Write(json);
                break;
            case ObjectForm.PartialObjectMetadata:
                ObjectResponder.WritePartial(output, format.MetaVersion, json);
                break;
            default:
                WriteTable(output, json);
                break;
        }

        output.Write("}\n"u8);
    }

    /// <summary>A bookmark: an empty object with a revision, and with the mark that ends the initial events.</summary>
    public void WriteBookmark(IBufferWriter<byte> output, long revision, bool endsInitialEvents)
    {
        var mark = endsInitialEvents ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
        var metadata = string.Create(CultureInfo.InvariantCulture, $"{{\"resourceVersion\":\"{revision}\"{mark}}}");
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

    /// <summary>The event that ends a watch with a reason.</summary>
    public static void WriteError(IBufferWriter<byte> output, Status status)
    {
        output.Write("{\"type\":\"ERROR\",\"object\":"u8);
        StatusJson.Write(output, status);
        output.Write("}\n"u8);
    }

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
