using System.Text.Json;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>
/// A schema of a CustomResourceDefinition as its rules see it. Sizes that it does not bound are bounded by the size of
/// a request: that many of the smallest elements fit into one.
/// </summary>
/// <param name="Cel">Types and sizes.</param>
/// <param name="MinSize">The bytes that the smallest such value takes in JSON.</param>
internal sealed record RuleSchema(CelSchema Cel, long MinSize)
{
    private const long MaxRequestSize = 3 * 1024 * 1024;
    private const long MinTextSize = 2;

    /// <summary>A schema bounds a text's runes; costs go by bytes, of which one has this many at most.</summary>
    private const long BytesOfRune = 4;

    private static readonly JsonSchema TypeAndMetadata = JsonSchema.Parse(
        """
        {"type": "object", "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata":
        {"type": "object", "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}}}}}
        """);

    /// <summary>Upstream's estimates take the length of keys for nothing.</summary>
    private static readonly CelSchema Key = new(CelType.String) { MaxElements = 0 };

    /// <summary>How often such a value can be in one object, when nothing else bounds it.</summary>
    public ulong MaxCardinality => (ulong)(MaxRequestSize / (MinSize + 1));

    /// <summary>Null of a value that rules cannot see: its type is not told.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="name">The name that types of objects in it get.</param>
    /// <param name="isRoot">It is a whole object, whose type and name rules always see.</param>
    public static RuleSchema? Of(JsonSchema schema, string name, bool isRoot) =>
        IsSeen(schema, isRoot) ? OfSeen(schema, name, isRoot) : null;

    /// <summary>Whether rules can see such a value, without what its type costs to make.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="isRoot">It is a whole object.</param>
    public static bool IsSeen(JsonSchema schema, bool isRoot) => schema.IsIntOrString || schema.Type switch
    {
        "array" => schema.Items is { } items && IsSeen(items, items.IsEmbedded),
        "object" => isRoot || schema.AdditionalProperties is not { } values || IsSeen(values, values.IsEmbedded),
        "string" or "boolean" or "number" or "integer" => true,
        _ => false,
    };

    /// <summary>Of a value that rules see; so they see what lists and maps have in them, too.</summary>
    private static RuleSchema OfSeen(JsonSchema schema, string name, bool isRoot) => schema.Type switch
    {
        _ when schema.IsIntOrString => IntOrString(),
        "array" => List(schema, schema.Items!, name),
        "object" when schema.AdditionalProperties is { } values && !isRoot => Map(schema, values, name),
        "object" => Object(schema, name, isRoot),
        "string" => Text(schema),
        "boolean" => new(new CelSchema(CelType.Bool), 4),
        "number" => new(new CelSchema(CelType.Double), 1),
        _ => new(new CelSchema(CelType.Int), 1),
    };

    /// <summary>No bound of its length is told.</summary>
    private static RuleSchema IntOrString() =>
        new(new CelSchema(CelType.Dyn) { MaxElements = MaxRequestSize - 2 }, 1);

    private static RuleSchema List(JsonSchema schema, JsonSchema items, string name)
    {
        var element = OfSeen(items, $"{name}.@items", items.IsEmbedded);
        var max = Math.Max(schema.MaxItems ?? (MaxRequestSize - 2) / (element.MinSize + 1), 0);
        var kind = schema.ListType switch
        {
            "set" => CelListKind.Set,
            "map" => CelListKind.Map,
            _ => CelListKind.Atomic,
        };
        return new(CelSchema.List(element.Cel, max, kind, schema.ListMapKeys), 2);
    }

    private static RuleSchema Map(JsonSchema schema, JsonSchema values, string name)
    {
        var value = OfSeen(values, $"{name}.@values", values.IsEmbedded);

        // A key takes two quotes, a colon, a comma and one character at least.
        var max = Math.Max(schema.MaxProperties ?? (MaxRequestSize - 2) / (value.MinSize + 6), 0);
        return new(CelSchema.Map(Key, value.Cel, max), 2);
    }

    private static RuleSchema Object(JsonSchema schema, string name, bool isRoot)
    {
        var fields = new List<CelSchemaField>();
        var size = 2L;
        foreach (var (property, inner) in Properties(schema, isRoot))
        {
            if (Of(inner, $"{name}.{property}", inner.IsEmbedded) is not { } value)
            {
                continue;
            }

            var isRequired = schema.Required.Contains(property);
            if (CelNames.Escape(property) is not null)
            {
                fields.Add(new CelSchemaField(property, value.Cel, isRequired));
            }

            size += isRequired && inner.Default is null ? property.Length + value.MinSize + 4 : 0;
        }

        return new(CelSchema.Object(name, fields), size);
    }

    /// <summary>Of a whole object, rules see these of its metadata and no others.</summary>
    private static IEnumerable<KeyValuePair<string, JsonSchema>> Properties(JsonSchema schema, bool isRoot) => isRoot
        ? schema.Properties.Where(static p => !TypeAndMetadata.Properties.ContainsKey(p.Key)).Concat(
            TypeAndMetadata.Properties)
        : schema.Properties;

    private static RuleSchema Text(JsonSchema schema) => schema.Format switch
    {
        "byte" => Text(CelType.Bytes, MinTextSize, MaxLength(schema, 1) ?? MaxRequestSize - 2),
        "duration" => Text(CelType.Duration, 3, 32),
        "date" => Text(CelType.Timestamp, 12, 12),
        "date-time" => Text(CelType.Timestamp, 21, 32),
        _ => Text(
            CelType.String, MinTextSize, MaxLength(schema, BytesOfRune) ?? LongestEnum(schema) ?? MaxRequestSize - 2),
    };

    private static RuleSchema Text(CelType type, long minSize, long max) =>
        new(new CelSchema(type) { MaxElements = max }, minSize);

    private static long? MaxLength(JsonSchema schema, long unit) =>
        schema.MaxLength is { } max ? Math.Clamp(max, 0, CelSchema.Unbounded / unit) * unit : null;

    private static long? LongestEnum(JsonSchema schema) => schema.Enum.Count > 0
        ? schema.Enum.Max(static e => e.ValueKind == JsonValueKind.String ? NameRules.ByteCount(e.GetString()!) : 0)
        : null;
}
