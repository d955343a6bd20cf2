using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Tables;

/// <summary>
/// Cuts committed JSON apart without decoding it. Lists carry items without their type, metadata forms carry nothing
/// else: both are slices of the bytes that were committed (P6).
/// </summary>
public sealed class ObjectSlices
{
    private readonly byte[] _kindFirst;
    private readonly byte[] _versionFirst;
    private readonly bool _keepsType;

    public ObjectSlices(ResourceDefinition definition)
    {
        _keepsType = definition.Of.IsCustom;
        _kindFirst =
            Encoding.UTF8.GetBytes($"{{\"kind\":\"{definition.Kind}\",\"apiVersion\":\"{definition.ApiVersion}\",");
        _versionFirst =
            Encoding.UTF8.GetBytes($"{{\"apiVersion\":\"{definition.ApiVersion}\",\"kind\":\"{definition.Kind}\",");
    }

    /// <summary>
    /// The object as an item of a list: without <c>kind</c> and <c>apiVersion</c>, which only custom objects keep.
    /// Includes no leading brace.
    /// </summary>
    public ReadOnlySpan<byte> Untyped(ReadOnlySpan<byte> json)
    {
        if (_keepsType)
        {
            return json[1..];
        }

        if (json.StartsWith(_kindFirst))
        {
            return json[_kindFirst.Length..];
        }

        return json.StartsWith(_versionFirst) ? json[_versionFirst.Length..] : Rewrite(json).AsSpan(1);
    }

    /// <summary>The raw value of <c>metadata</c>.</summary>
    public static ReadOnlySpan<byte> Metadata(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, CommittedJson.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (found)
            {
                return json[start..(int)reader.BytesConsumed];
            }
        }

        return "{}"u8;
    }

    /// <summary>
    /// The raw metadata as forms show it that have nothing else: fields in annotations are not among it.
    /// </summary>
    public static ReadOnlySpan<byte> MetadataForm(ResourceDefinition definition, ReadOnlySpan<byte> json)
    {
        var metadata = Metadata(json);
        return definition.FieldAnnotations.Count == 0 ? metadata : Without(definition.FieldAnnotations, metadata);
    }

    /// <summary>The text of <c>metadata.resourceVersion</c>; empty when there is none.</summary>
    public static string ResourceVersion(ReadOnlySpan<byte> json)
    {
        var metadata = Metadata(json);
        return FindResourceVersion(metadata) is { } range ? Encoding.UTF8.GetString(metadata[range]) : "";
    }

    /// <summary>
    /// The object with another resourceVersion: how watchers see the last state of an object that leaves their
    /// selection.
    /// </summary>
    public static byte[] WithResourceVersion(ReadOnlySpan<byte> json, long revision)
    {
        var metadata = Metadata(json);
        Invariant.Check(FindResourceVersion(metadata) is not null, "a committed object has a resourceVersion");
        var range = FindResourceVersion(metadata)!.Value;
        Invariant.Check(json.Overlaps(metadata, out var offset), "metadata is part of the object");
        var (start, length) = range.GetOffsetAndLength(metadata.Length);
        var text = revision.ToString(CultureInfo.InvariantCulture);
        var result = new byte[json.Length - length + text.Length];
        json[..(offset + start)].CopyTo(result);
        Encoding.ASCII.GetBytes(text, result.AsSpan(offset + start));
        json[(offset + start + length)..].CopyTo(result.AsSpan(offset + start + text.Length));
        return result;
    }

    private static Range? FindResourceVersion(ReadOnlySpan<byte> metadata)
    {
        var reader = new Utf8JsonReader(metadata, CommittedJson.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("resourceVersion"u8);
            reader.Read();
            if (found && reader.TokenType == JsonTokenType.String)
            {
                // The token is quoted.
                return ((int)reader.TokenStartIndex + 1)..((int)reader.BytesConsumed - 1);
            }

            reader.Skip();
        }

        return null;
    }

    private static byte[] Without(IReadOnlyList<string> annotations, ReadOnlySpan<byte> metadata)
    {
        var item = JsonTree.ParseOwn(metadata).AsObject();
        var all = item["annotations"] as JsonObject;
        foreach (var name in annotations)
        {
            all?.Remove(name);
        }

        if (all is { Count: 0 })
        {
            item.Remove("annotations");
        }

        return JsonTree.ToBytes(item, metadata.Length).ToArray();
    }

    /// <summary>For bytes in an order that this server does not write itself.</summary>
    private static byte[] Rewrite(ReadOnlySpan<byte> json)
    {
        var output = new ArrayBufferWriter<byte>(json.Length);
        output.Write("{"u8);
        var reader = new Utf8JsonReader(json, CommittedJson.ReaderOptions);
        var first = true;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var type = reader.ValueTextEquals("kind"u8) || reader.ValueTextEquals("apiVersion"u8);
            var start = (int)reader.TokenStartIndex;
            reader.Read();
            reader.Skip();
            if (type)
            {
                continue;
            }

            if (!first)
            {
                output.Write(","u8);
            }

            first = false;
            output.Write(json[start..(int)reader.BytesConsumed]);
        }

        output.Write("}"u8);
        return output.WrittenSpan.ToArray();
    }
}
