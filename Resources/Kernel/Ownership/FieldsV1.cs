using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// A set of paths as JSON: an object has a property for every step; a step that is a member itself holds <c>"."</c> or
/// nothing at all (apimachinery's <c>FieldsV1</c>). Set and JSON are made from each other on first use, or found on the
/// shelf: most writes leave most sets alone, and most objects own what others own.
/// </summary>
[JsonConverter(typeof(FieldsV1Converter))]
public sealed class FieldsV1
{
    /// <summary>Its definition.</summary>
    internal const string Definition = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1";

    private FieldSet? _set;
    private ReadOnlyMemory<byte> _json;

    private FieldsV1()
    {
    }

    /// <summary>Empty when the JSON is no such set; what is stored always is one.</summary>
    public FieldSet Set => _set ??= FieldsShelf.Shared.SetOf(_json.Span);

    /// <summary>Compact JSON.</summary>
    public ReadOnlySpan<byte> Json
    {
        get
        {
            if (_json.IsEmpty)
            {
                _json = FieldsShelf.Shared.JsonOf(Set);
            }

            return _json.Span;
        }
    }

    /// <summary>As it is stored.</summary>
    public static FieldsV1 Of(ReadOnlyMemory<byte> json) => new() { _json = json };

    public static FieldsV1 Of(FieldSet set) => new() { _set = set };

    /// <summary>Null when it is not such JSON.</summary>
    public static FieldSet? Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = TypedJson.MaxDepth });
        var builder = new FieldSetBuilder();
        try
        {
            reader.Read();
            return ReadNode(ref reader, builder, out _) && !reader.Read() ? builder.Build() : null;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // The second is thrown of names that are no text: half a surrogate pair, or bytes that are no UTF-8.
            return null;
        }
    }

    /// <summary>The canonical form.</summary>
    internal static byte[] Write(FieldSet set)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        output.Write("{"u8);
        WriteEntries(set, output, isFirst: true);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads what is below a step; a step with nothing below it is a member.</summary>
    private static bool ReadNode(ref Utf8JsonReader reader, FieldSetBuilder builder, out bool isMember)
    {
        isMember = reader.TokenType == JsonTokenType.Null;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return isMember;
        }

        var hasChildren = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("."u8))
            {
                isMember = true;
                reader.Skip();
                continue;
            }

            if (!TryReadElement(ref reader, out var element))
            {
                return false;
            }

            if (element is null)
            {
                reader.Skip();
                continue;
            }

            hasChildren = true;
            reader.Read();
            builder.Enter(element);
            var isGood = ReadNode(ref reader, builder, out var childIsMember);
            if (childIsMember)
            {
                builder.Add();
            }

            builder.Leave();
            if (!isGood)
            {
                return false;
            }
        }

        isMember |= !hasChildren;
        return true;
    }

    private static bool TryReadElement(ref Utf8JsonReader reader, out PathElement? element)
    {
        const int MaxOnStack = 256;
        var length = reader.ValueSpan.Length;
        if (length > MaxOnStack)
        {
            return PathElement.TryParse(reader.GetString(), out element);
        }

        Span<char> text = stackalloc char[MaxOnStack];
        return PathElement.TryParse(text[..reader.CopyString(text)], out element);
    }

    private static void WriteEntries(FieldSet set, IBufferWriter<byte> output, bool isFirst)
    {
        foreach (var entry in set.Entries)
        {
            if (!isFirst)
            {
                output.Write(","u8);
            }

            isFirst = false;
            output.Write(entry.Element.Json);
            if (entry.Children is not { } children)
            {
                output.Write(":{}"u8);
                continue;
            }

            output.Write(entry.IsMember ? ":{\".\":{}"u8 : ":{"u8);
            WriteEntries(children, output, !entry.IsMember);
        }

        output.Write("}"u8);
    }
}
