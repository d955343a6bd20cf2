using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// A schema of a CustomResourceDefinition (<c>JSONSchemaProps</c>), read once. Rules on definitions, the checks of
/// custom objects, pruning and defaulting all walk this graph; maps are in order of their keys, so that findings are.
/// </summary>
public sealed class JsonSchema
{
    /// <summary>Shared by nearly all: a cluster may have a hundred thousand schemas, most of them leaves.</summary>
    private static readonly SortedDictionary<string, JsonSchema> NoSchemas = new(StringComparer.Ordinal);

    private JsonSchema(JsonElement json)
    {
        Json = json;
        Type = Text("type");
        Format = Text("format");
        Required = Texts("required");
        Properties = Map("properties");
        PatternProperties = Map("patternProperties");
        Definitions = Map("definitions");
        (Items, ItemList) = (Child("items"), Children("items"));
        AdditionalProperties = Child("additionalProperties");
        ForbidsAdditional = Is("additionalProperties", JsonValueKind.False);
        AllOf = Children("allOf");
        AnyOf = Children("anyOf");
        OneOf = Children("oneOf");
        Not = Child("not");
        Nullable = Is("nullable", JsonValueKind.True);
        IsPreserving = Is("x-kubernetes-preserve-unknown-fields", JsonValueKind.True);
        IsEmbedded = Is("x-kubernetes-embedded-resource", JsonValueKind.True);
        IsIntOrString = Is("x-kubernetes-int-or-string", JsonValueKind.True);
        ListType = OptionalText("x-kubernetes-list-type");
        MapType = OptionalText("x-kubernetes-map-type");
        ListMapKeys = Texts("x-kubernetes-list-map-keys");
        Rules = Elements("x-kubernetes-validations");
        Pattern = Text("pattern");
        Enum = Elements("enum");
        Minimum = Number("minimum");
        Maximum = Number("maximum");
        MultipleOf = Number("multipleOf");
        MinLength = Integer("minLength");
        MaxLength = Integer("maxLength");
        MinItems = Integer("minItems");
        MaxItems = Integer("maxItems");
        MinProperties = Integer("minProperties");
        MaxProperties = Integer("maxProperties");
        Default = json.TryGetProperty("default", out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
        HasDefaults = Default is not null || Inner().Any(static s => s.HasDefaults);
        HasKeyedLists = ListType is "set" or "map" || Inner().Any(static s => s.HasKeyedLists);
    }

    /// <summary>As it is published.</summary>
    public JsonElement Json { get; }

    /// <summary>object, array, string …; empty for none.</summary>
    public string Type { get; }

    public string Format { get; }

    public IReadOnlyList<string> Required { get; }

    public SortedDictionary<string, JsonSchema> Properties { get; }

    public SortedDictionary<string, JsonSchema> PatternProperties { get; }

    public SortedDictionary<string, JsonSchema> Definitions { get; }

    /// <summary>What elements of a list look like.</summary>
    public JsonSchema? Items { get; }

    /// <summary>A schema for each place of a list, which no definition may have.</summary>
    public IReadOnlyList<JsonSchema> ItemList { get; }

    /// <summary>What values of a map look like.</summary>
    public JsonSchema? AdditionalProperties { get; }

    public bool ForbidsAdditional { get; }

    /// <summary>It says something of fields that are not specified, if only whether there may be any.</summary>
    public bool HasAdditional => Json.TryGetProperty("additionalProperties", out _);

    public IReadOnlyList<JsonSchema> AllOf { get; }

    public IReadOnlyList<JsonSchema> AnyOf { get; }

    public IReadOnlyList<JsonSchema> OneOf { get; }

    public JsonSchema? Not { get; }

    public bool Nullable { get; }

    /// <summary>Fields that are not specified stay.</summary>
    public bool IsPreserving { get; }

    /// <summary>It is an object with type and metadata.</summary>
    public bool IsEmbedded { get; }

    public bool IsIntOrString { get; }

    public string? ListType { get; }

    public string? MapType { get; }

    public IReadOnlyList<string> ListMapKeys { get; }

    /// <summary>Rules in CEL.</summary>
    public IReadOnlyList<JsonElement> Rules { get; }

    public string Pattern { get; }

    public IReadOnlyList<JsonElement> Enum { get; }

    public double? Minimum { get; }

    public double? Maximum { get; }

    public double? MultipleOf { get; }

    public long? MinLength { get; }

    public long? MaxLength { get; }

    public long? MinItems { get; }

    public long? MaxItems { get; }

    public long? MinProperties { get; }

    public long? MaxProperties { get; }

    /// <summary>What the value is when none is given.</summary>
    public JsonElement? Default { get; }

    /// <summary>It or what is below it has a default.</summary>
    public bool HasDefaults { get; }

    /// <summary>It or what is below it is a list whose elements are told apart: a set, or a list with keys.</summary>
    public bool HasKeyedLists { get; }

    public bool ExcludesMinimum => Is("exclusiveMinimum", JsonValueKind.True);

    public bool ExcludesMaximum => Is("exclusiveMaximum", JsonValueKind.True);

    /// <summary>The schema of a version; null when it has none.</summary>
    public static JsonSchema? Of(V1CustomResourceValidation? validation)
    {
        if (validation?.OpenAPIV3Schema is not { } schema)
        {
            return null;
        }

        return new JsonSchema(JsonTree.ParseElement(ResourceCodec.Encode(schema)));
    }

    public static JsonSchema Parse(string json) => new(JsonElement.Parse(json));

    /// <summary>A keyword is there, and is neither empty nor false.</summary>
    public bool Has(string keyword) => Json.TryGetProperty(keyword, out var value) && value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.String => value.GetString()!.Length > 0,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        _ => true,
    };

    public bool Is(string keyword, JsonValueKind kind) =>
        Json.TryGetProperty(keyword, out var value) && value.ValueKind == kind;

    /// <summary>The text of a keyword; empty for none.</summary>
    public string Text(string keyword) => OptionalText(keyword) ?? "";

    /// <summary>All schemas below this one that say what an object looks like or is checked for, and it.</summary>
    public IEnumerable<JsonSchema> All() => Below().SelectMany(s => s.All()).Prepend(this);

    /// <summary>What a field of a value is like; null when nothing is said of it.</summary>
    public JsonSchema? At(string field) =>
        Properties.TryGetValue(field, out var property) ? property : AdditionalProperties;

    private IEnumerable<JsonSchema> Below() =>
    [
        .. Properties.Values, .. AllOf, .. AnyOf, .. OneOf,
        .. new[] { Items, AdditionalProperties, Not }.OfType<JsonSchema>(),
    ];

    /// <summary>What parts of a value are like.</summary>
    private IEnumerable<JsonSchema> Inner() =>
        Properties.Values.Concat(new[] { Items, AdditionalProperties }.OfType<JsonSchema>());

    private string? OptionalText(string keyword) =>
        Is(keyword, JsonValueKind.String) ? Json.GetProperty(keyword).GetString() : null;

    private double? Number(string keyword) =>
        Is(keyword, JsonValueKind.Number) ? Json.GetProperty(keyword).GetDouble() : null;

    private long? Integer(string keyword) =>
        Is(keyword, JsonValueKind.Number) && Json.GetProperty(keyword).TryGetInt64(out var value) ? value : null;

    private JsonSchema? Child(string keyword) =>
        Is(keyword, JsonValueKind.Object) ? new JsonSchema(Json.GetProperty(keyword)) : null;

    private IReadOnlyList<JsonElement> Elements(string keyword) =>
        Is(keyword, JsonValueKind.Array) ? [.. Json.GetProperty(keyword).EnumerateArray()] : [];

    private IReadOnlyList<string> Texts(string keyword) => Elements(keyword) is { Count: > 0 } elements
        ? [.. elements.Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)]
        : [];

    private IReadOnlyList<JsonSchema> Children(string keyword) => Elements(keyword) is { Count: > 0 } elements
        ? [.. elements.Where(e => e.ValueKind == JsonValueKind.Object).Select(e => new JsonSchema(e))]
        : [];

    private SortedDictionary<string, JsonSchema> Map(string keyword)
    {
        if (!Is(keyword, JsonValueKind.Object))
        {
            return NoSchemas;
        }

        var result = new SortedDictionary<string, JsonSchema>(StringComparer.Ordinal);
        foreach (var property in Json.GetProperty(keyword).EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                result[property.Name] = new JsonSchema(property.Value);
            }
        }

        return result;
    }
}
