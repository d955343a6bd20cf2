using System.Globalization;
using System.Text.Json;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Writes OpenAPI v2 as JSON.</summary>
internal static class SwaggerWriter
{
    public static void Write(
        Utf8JsonWriter writer, string version, IEnumerable<ApiPath> paths, IEnumerable<KeyValuePair<string, JsonElement>> definitions)
    {
        writer.WriteStartObject();
        writer.WriteString("swagger", "2.0");
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

            writer.WriteStartArray("parameters");
            foreach (var name in PathParameters(path.Path))
            {
                WritePathParameter(writer, name);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteStartObject("definitions");
        foreach (var (name, schema) in definitions)
        {
            writer.WritePropertyName(name);
            schema.WriteTo(writer);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Names in braces.</summary>
    public static IEnumerable<string> PathParameters(string path) =>
        path.Split('/').Where(step => step.StartsWith('{')).Select(step => step.Trim('{', '}'));

    private static void WriteExtensions(Utf8JsonWriter writer, Operation operation)
    {
        if (operation.Kind is not { } kind)
        {
            return;
        }

        writer.WriteString("x-kubernetes-action", operation.Action);
        writer.WriteStartObject("x-kubernetes-group-version-kind");
        writer.WriteString("group", kind.Group);
        writer.WriteString("version", kind.Version);
        writer.WriteString("kind", kind.Kind);
        writer.WriteEndObject();
    }

    public static string CodeText(int code) => code switch
    {
        200 => "OK", 201 => "Created", 202 => "Accepted", _ => "Unauthorized",
    };

    private static void WriteOperation(Utf8JsonWriter writer, Operation operation)
    {
        writer.WriteStartObject(operation.Method);
        writer.WriteString("description", operation.Description);
        writer.WriteString("operationId", operation.Id);
        Discovery.DiscoveryDocuments.WriteTexts(
            writer, "consumes", operation.Consumes.Count > 0 ? operation.Consumes : ["*/*"]);
        Discovery.DiscoveryDocuments.WriteTexts(writer, "produces", operation.Produces);
        writer.WriteStartArray("parameters");
        if (operation.Body is { } body)
        {
            writer.WriteStartObject();
            writer.WriteString("in", "body");
            writer.WriteString("name", "body");
            writer.WriteBoolean("required", operation.Method != "delete");
            WriteSchema(writer, body);
            writer.WriteEndObject();
        }

        foreach (var parameter in operation.Parameters)
        {
            writer.WriteStartObject();
            writer.WriteString("in", "query");
            writer.WriteString("name", parameter.Name);
            writer.WriteString("description", parameter.Description);
            writer.WriteString("type", parameter.Type);
            writer.WriteBoolean("uniqueItems", true);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("responses");
        foreach (var code in operation.Codes)
        {
            writer.WriteStartObject(code.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("description", CodeText(code));
            WriteAnswer(writer, operation);
            writer.WriteEndObject();
        }

        writer.WriteStartObject("401");
        writer.WriteString("description", CodeText(401));
        writer.WriteEndObject();
        writer.WriteEndObject();
        WriteExtensions(writer, operation);
        writer.WriteEndObject();
    }

    private static void WriteAnswer(Utf8JsonWriter writer, Operation operation)
    {
        if (operation.Answer is { } schema)
        {
            WriteSchema(writer, schema);
            return;
        }

        writer.WriteStartObject("schema");
        writer.WriteString("type", operation.PlainAnswer);
        writer.WriteEndObject();
    }

    private static void WriteSchema(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject("schema");
        writer.WriteString("$ref", SchemaWriter.ReferencePrefix + name);
        writer.WriteEndObject();
    }

    private static void WritePathParameter(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject();
        writer.WriteString("in", "path");
        writer.WriteString("name", name);
        writer.WriteString("description", name == "namespace" ? "namespace of the object" : "name of the object");
        writer.WriteBoolean("required", true);
        writer.WriteString("type", "string");
        writer.WriteBoolean("uniqueItems", true);
        writer.WriteEndObject();
    }
}
