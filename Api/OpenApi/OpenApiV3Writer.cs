using System.Globalization;
using System.Text.Json;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Writes OpenAPI v3 as JSON, turning the release's v2 schemas into v3 as upstream publishes them.</summary>
internal static class OpenApiV3Writer
{
    private const string V3Prefix = "#/components/schemas/";
    private const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";

    public static void Write(
        Utf8JsonWriter writer, string version, IEnumerable<ApiPath> paths, IEnumerable<KeyValuePair<string, JsonElement>> definitions)
    {
        writer.WriteStartObject();
        writer.WriteString("openapi", "3.0.0");
        writer.WriteStartObject("info");
        writer.WriteString("title", "Kubernetes");
        writer.WriteString("version", version);
        writer.WriteEndObject();
        writer.WriteStartObject("paths");
        foreach (var path in paths)
        {
            writer.WriteStartObject(path.Path);
            foreach (var operation in path.Operations)
            {
                WriteOperation(writer, operation);
            }

            SwaggerWriter.WritePathParameters(writer, path.Path, WritePathParameter);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteStartObject("components");
        writer.WriteStartObject("schemas");
        foreach (var (name, schema) in definitions)
        {
            writer.WritePropertyName(name);
            WriteSchema(writer, schema, isQuantity: name == Quantity);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteOperation(Utf8JsonWriter writer, Operation operation)
    {
        writer.WriteStartObject(operation.Method);
        writer.WriteString("description", operation.Description);
        writer.WriteString("operationId", operation.Id);
        writer.WriteStartArray("parameters");
        foreach (var parameter in operation.Parameters)
        {
            WriteParameter(writer, "query", parameter.Name, parameter.Type, parameter.Description);
        }

        writer.WriteEndArray();
        if (operation.Body is { } body)
        {
            writer.WriteStartObject("requestBody");
            WriteContent(writer, operation.Consumes, body);
            writer.WriteBoolean("required", operation.Method != "delete");
            writer.WriteEndObject();
        }

        writer.WriteStartObject("responses");
        foreach (var code in operation.Codes)
        {
            writer.WriteStartObject(code.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("description", SwaggerWriter.CodeText(code));
            WriteContent(writer, SwaggerWriter.Produces, operation.Answer);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        SwaggerWriter.WriteExtensions(writer, operation);
        writer.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter writer, IReadOnlyList<string> types, string? schema)
    {
        writer.WriteStartObject("content");
        foreach (var type in types)
        {
            writer.WriteStartObject(type);
            writer.WriteStartObject("schema");
            writer.WriteString(schema is null ? "type" : "$ref", schema is null ? "string" : V3Prefix + schema);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WritePathParameter(Utf8JsonWriter writer, string name) => WriteParameter(
        writer,
        "path",
        name,
        "string",
        name == "namespace" ? "namespace of the object" : "name of the object");

    private static void WriteParameter(
        Utf8JsonWriter writer, string place, string name, string type, string description)
    {
        writer.WriteStartObject();
        writer.WriteString("in", place);
        writer.WriteString("name", name);
        writer.WriteString("description", description);
        if (place == "path")
        {
            writer.WriteBoolean("required", true);
        }

        writer.WriteStartObject("schema");
        writer.WriteString("type", type);
        writer.WriteBoolean("uniqueItems", true);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteSchema(Utf8JsonWriter writer, JsonElement schema, bool isQuantity = false)
    {
        writer.WriteStartObject();
        var isIntOrString = schema.TryGetProperty("format", out var format) && format.ValueEquals("int-or-string");
        var hasSiblings = schema.EnumerateObject().Skip(1).Any();
        foreach (var property in schema.EnumerateObject())
        {
            switch (property.Name)
            {
                case "$ref":
                    WriteReference(writer, property.Value, hasSiblings);
                    break;
                case "type" when isIntOrString || isQuantity:
                    WriteOneOf(writer, isQuantity ? ["string", "number"] : ["integer", "string"]);
                    break;
                case "properties":
                    WriteProperties(writer, property.Value);
                    break;
                case "items" or "additionalProperties" when property.Value.ValueKind == JsonValueKind.Object:
                    writer.WritePropertyName(property.Name);
                    WriteSchema(writer, property.Value);
                    break;
                default:
                    property.WriteTo(writer);
                    break;
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>In v3 nothing may stand beside a reference, so a described reference hides in allOf.</summary>
    private static void WriteReference(Utf8JsonWriter writer, JsonElement reference, bool hasSiblings)
    {
        var target = V3Prefix + reference.GetString()![SchemaWriter.ReferencePrefix.Length..];
        if (!hasSiblings)
        {
            writer.WriteString("$ref", target);
            return;
        }

        writer.WriteStartArray("allOf");
        writer.WriteStartObject();
        writer.WriteString("$ref", target);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static void WriteOneOf(Utf8JsonWriter writer, ReadOnlySpan<string> types)
    {
        writer.WriteStartArray("oneOf");
        foreach (var type in types)
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteProperties(Utf8JsonWriter writer, JsonElement properties)
    {
        writer.WriteStartObject("properties");
        foreach (var property in properties.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            WriteSchema(writer, property.Value);
        }

        writer.WriteEndObject();
    }
}
