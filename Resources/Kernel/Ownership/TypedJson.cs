using System.Runtime.InteropServices;
using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>What the walks over objects share. A value that is not there is an element of no kind.</summary>
internal static class TypedJson
{
    /// <summary>Nesting that is accepted.</summary>
    public const int MaxDepth = 500;

    /// <summary>JSON's null as a value.</summary>
    public static readonly JsonElement Null = JsonElement.Parse("null");

    /// <summary>The objects are our own, so that every one can be parsed.</summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json) =>
        JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });

    public static bool IsAbsent(this JsonElement value) => value.ValueKind == JsonValueKind.Undefined;

    /// <summary>It is no object, or one without fields.</summary>
    public static bool IsEmptyMap(this JsonElement value) =>
        value.ValueKind != JsonValueKind.Object || value.GetPropertyCount() == 0;

    /// <summary>It is no list, or one without elements.</summary>
    public static bool IsEmptyList(this JsonElement value) =>
        value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0;

    /// <summary>Both are there and written alike, so whatever is in them is the same.</summary>
    public static bool IsWrittenAlike(JsonElement left, JsonElement right) =>
        left.ValueKind == right.ValueKind && !left.IsAbsent()
        && JsonMarshal.GetRawUtf8Value(left).SequenceEqual(JsonMarshal.GetRawUtf8Value(right));

    /// <summary>The declared field that a property is; null when it is none.</summary>
    public static OwnedField? Find(this OwnedMap map, JsonProperty property)
    {
        var name = JsonMarshal.GetRawUtf8PropertyName(property);
        return name.Contains((byte)'\\') ? map.Find(property.Name) : map.Find(name);
    }

    public static JsonElement Get(this JsonElement map, JsonProperty property) =>
        map.ValueKind == JsonValueKind.Object && map.TryGetProperty(property.Name, out var value) ? value : default;
}
