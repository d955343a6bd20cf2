using System.Text.Json;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.Definitions;

/// <summary>A schema as upstream's internal form shows it in messages: all its fields, by their names in Go.</summary>
internal static class InternalSchema
{
    private const string Schema = "schema";
    private const string Schemas = "schemas";
    private const string Map = "map";
    private const string SchemaOrBool = "schemaOrBool";
    private const string SchemaOrList = "schemaOrList";

    /// <summary>Name in Go, name in JSON, what is written when there is none; or what kind of schemas it has.</summary>
    private static readonly (string Go, string Json, string Absent)[] Fields =
    [
        ("ID", "id", "\"\""), ("Schema", "$schema", "\"\""), ("Ref", "$ref", "null"),
        ("Description", "description", "\"\""), ("Type", "type", "\"\""), ("Nullable", "nullable", "false"),
        ("Format", "format", "\"\""), ("Title", "title", "\"\""), ("Default", "default", "null"),
        ("Maximum", "maximum", "null"), ("ExclusiveMaximum", "exclusiveMaximum", "false"),
        ("Minimum", "minimum", "null"), ("ExclusiveMinimum", "exclusiveMinimum", "false"),
        ("MaxLength", "maxLength", "null"), ("MinLength", "minLength", "null"), ("Pattern", "pattern", "\"\""),
        ("MaxItems", "maxItems", "null"), ("MinItems", "minItems", "null"), ("UniqueItems", "uniqueItems", "false"),
        ("MultipleOf", "multipleOf", "null"), ("Enum", "enum", "null"), ("MaxProperties", "maxProperties", "null"),
        ("MinProperties", "minProperties", "null"), ("Required", "required", "null"),
        ("Items", "items", SchemaOrList), ("AllOf", "allOf", Schemas), ("OneOf", "oneOf", Schemas),
        ("AnyOf", "anyOf", Schemas), ("Not", "not", Schema), ("Properties", "properties", Map),
        ("AdditionalProperties", "additionalProperties", SchemaOrBool),
        ("PatternProperties", "patternProperties", Map), ("Dependencies", "dependencies", "null"),
        ("AdditionalItems", "additionalItems", SchemaOrBool), ("Definitions", "definitions", Map),
        ("ExternalDocs", "externalDocs", "null"), ("Example", "example", "null"),
        ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", "null"),
        ("XEmbeddedResource", "x-kubernetes-embedded-resource", "false"),
        ("XIntOrString", "x-kubernetes-int-or-string", "false"),
        ("XListMapKeys", "x-kubernetes-list-map-keys", "null"), ("XListType", "x-kubernetes-list-type", "null"),
        ("XMapType", "x-kubernetes-map-type", "null"), ("XValidations", "x-kubernetes-validations", "null"),
    ];

    /// <summary>What the schema of an object may say whose status is checked by itself.</summary>
    private static readonly string[] AtRoot =
    [
        "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum",
        "MaxLength", "MinLength", "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required", "Items",
        "Properties", "ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations",
    ];

    public static string RootMessage =>
        $"only [{string.Join(' ', AtRoot)}] fields are allowed at the root of the schema if the status subresource "
        + "is enabled";

    public static bool IsTooWideForRoot(JsonSchema schema) => Fields.Any(f => !AtRoot.Contains(f.Go)
        && (schema.Has(f.Json) || (f.Absent == SchemaOrBool && schema.Is(f.Json, JsonValueKind.False))));

    /// <param name="schema">As it is published.</param>
    public static RawJson Show(JsonElement schema) => new(Text(schema));

    /// <summary>What a schema says of the elements of its list.</summary>
    public static RawJson ShowItems(JsonElement schema) => new(Field(schema, "items", SchemaOrList));

    private static string Text(JsonElement schema) =>
        $"{{{string.Join(',', Fields.Select(f => $"{GoText.Json(f.Go)}:{Field(schema, f.Json, f.Absent)}"))}}}";

    private static string Field(JsonElement schema, string name, string kind)
    {
        if (!schema.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return kind is Schema or Schemas or Map or SchemaOrBool or SchemaOrList ? "null" : kind;
        }

        return kind switch
        {
            Schema => Text(value),
            Schemas => List(value),
            Map when value.ValueKind == JsonValueKind.Object => $"{{{string.Join(',', value.EnumerateObject()
                .OrderBy(static p => p.Name, StringComparer.Ordinal)
                .Select(static p => $"{GoText.Json(p.Name)}:{Text(p.Value)}"))}}}",
            SchemaOrBool when value.ValueKind == JsonValueKind.Object =>
                $"{{\"Allows\":true,\"Schema\":{Text(value)}}}",
            SchemaOrBool => $"{{\"Allows\":{value.GetRawText()},\"Schema\":null}}",
            SchemaOrList when value.ValueKind == JsonValueKind.Array =>
                $"{{\"Schema\":null,\"JSONSchemas\":{List(value)}}}",
            SchemaOrList => $"{{\"Schema\":{Text(value)},\"JSONSchemas\":null}}",
            _ => name switch
            {
                "x-kubernetes-validations" => $"[{string.Join(',', value.EnumerateArray().Select(Rule))}]",
                "externalDocs" => $"{{\"Description\":{Word(value, "description")},\"URL\":{Word(value, "url")}}}",
                _ => GoText.Json(value),
            },
        };
    }

    private static string List(JsonElement schemas) =>
        $"[{string.Join(',', schemas.EnumerateArray().Select(Text))}]";

    private static string Rule(JsonElement rule) => Rules.RuleDefinitionChecks.Shown(rule).Json;

    private static string Word(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) ? GoText.Json(value) : "\"\"";
}
