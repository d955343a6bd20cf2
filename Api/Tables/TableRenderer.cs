using System.Text.Encodings.Web;
using System.Text.Json;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Tables;

/// <summary>What a row carries beside its cells: the <c>includeObject</c> parameter.</summary>
public enum RowObject
{
    Metadata,
    None,
    Object,
}

/// <summary>Writes <c>meta.k8s.io Table</c>: what kubectl prints. Columns and cells are the strategy's.</summary>
public sealed class TableRenderer(
    ResourceDefinition definition, RowObject rowObject, string metaVersion, TimeProvider clock)
{
    internal static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Reads <c>includeObject</c>; the refusal is upstream's.</summary>
    public static Outcome<RowObject> ReadRowObject(IQueryCollection query) =>
        new QueryReader(query).Text("includeObject") switch
    {
        "" or "Metadata" => RowObject.Metadata,
        "None" => RowObject.None,
        "Object" => RowObject.Object,
        var other => StatusErrors.BadRequest(
            $"Unable to convert to Table as requested: includeObject: Invalid value: {GoText.Quote(other)}: " +
            "must be 'Metadata', 'Object', 'None', or empty"),
    };

    /// <summary>Everything up to the rows; the caller writes rows and then <see cref="WriteEnd"/>.</summary>
    public void WriteStart(
        Utf8JsonWriter writer, string resourceVersion, string continueToken, long? remaining, bool columns)
    {
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "Table"u8);
        writer.WriteString("apiVersion"u8, $"meta.k8s.io/{metaVersion}");
        writer.WriteStartObject("metadata"u8);
        if (resourceVersion.Length > 0)
        {
            writer.WriteString("resourceVersion"u8, resourceVersion);
        }

        if (continueToken.Length > 0)
        {
            writer.WriteString("continue"u8, continueToken);
        }

        if (remaining is { } count)
        {
            writer.WriteNumber("remainingItemCount"u8, count);
        }

        writer.WriteEndObject();
        if (columns)
        {
            WriteColumns(writer);
        }
        else
        {
            writer.WriteNull("columnDefinitions"u8);
        }

        writer.WriteStartArray("rows"u8);
    }

    public static void WriteEnd(Utf8JsonWriter writer)
    {
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>One row of a committed object.</summary>
    public void WriteRow(Utf8JsonWriter writer, ResourceObject item) =>
        WriteRow(writer, definition.Codec.Share(item), item.Json.Span);

    /// <summary>One row of an object that is not, or not yet, committed.</summary>
    public void WriteRow(Utf8JsonWriter writer, ReadOnlyMemory<byte> json) =>
        WriteRow(writer, definition.Codec.Decode(json), json.Span);

    /// <summary>A row that carries only metadata: bookmarks.</summary>
    public void WriteMetadataRow(Utf8JsonWriter writer, ReadOnlySpan<byte> metadata)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("cells"u8);
        for (var i = 0; i < definition.Strategy.Columns.Count; i++)
        {
            writer.WriteNullValue();
        }

        writer.WriteEndArray();
        WriteMetadataObject(writer, metadata);
        writer.WriteEndObject();
    }

    private void WriteRow(Utf8JsonWriter writer, IKubernetesObject<V1ObjectMeta> model, ReadOnlySpan<byte> json)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("cells"u8);
        foreach (var cell in definition.Strategy.Cells(model, clock.GetUtcNow()))
        {
            CellWriter.Write(writer, cell);
        }

        writer.WriteEndArray();
        WriteCondition(writer, definition.Strategy.Condition(model));
        switch (rowObject)
        {
            case RowObject.None:
                writer.WriteNull("object"u8);
                break;
            case RowObject.Object:
                writer.WritePropertyName("object"u8);
                writer.WriteRawValue(json, skipInputValidation: true);
                break;
            default:
                WriteMetadataObject(writer, ObjectSlices.MetadataForm(definition, json));
                break;
        }

        writer.WriteEndObject();
    }

    private static void WriteCondition(Utf8JsonWriter writer, RowCondition? condition)
    {
        if (condition is null)
        {
            return;
        }

        writer.WriteStartArray("conditions"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, condition.Type);
        writer.WriteString("status"u8, "True"u8);
        writer.WriteString("reason"u8, condition.Reason);
        writer.WriteString("message"u8, condition.Message);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private void WriteMetadataObject(Utf8JsonWriter writer, ReadOnlySpan<byte> metadata)
    {
        writer.WriteStartObject("object"u8);
        writer.WriteString("kind"u8, "PartialObjectMetadata"u8);
        writer.WriteString("apiVersion"u8, $"meta.k8s.io/{metaVersion}");
        writer.WritePropertyName("metadata"u8);
        writer.WriteRawValue(metadata, skipInputValidation: true);
        writer.WriteEndObject();
    }

    private void WriteColumns(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("columnDefinitions"u8);
        foreach (var column in definition.Strategy.Columns)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, column.Name);
            writer.WriteString("type"u8, column.Type);
            writer.WriteString("format"u8, column.Format);
            writer.WriteString("description"u8, column.Description);
            writer.WriteNumber("priority"u8, column.Priority);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
