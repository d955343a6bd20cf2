using System.Text.Json;
using OrleansOrchestrator.Formats;
using static OrleansOrchestrator.Api.OpenApi.SwaggerFields;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// Writes an OpenAPI v3 document in gnostic's protobuf form. Field numbers are gnostic's
/// (<c>openapiv3/OpenAPIv3.proto</c>); what documents of this server never say has none here.
/// </summary>
internal static class OpenApiV3ProtobufWriter
{
    private static readonly SwaggerMessage External = new(3) { { "description", 1, Text }, { "url", 2, Text } };

    private static readonly SwaggerMessage Schema = new(36)
    {
        { "nullable", 1, Flag }, { "readOnly", 3, Flag }, { "writeOnly", 4, Flag }, { "externalDocs", 6, Of(External) },
        { "example", 7, Any }, { "deprecated", 8, Flag }, { "title", 9, Text }, { "multipleOf", 10, Real },
        { "maximum", 11, Real }, { "exclusiveMaximum", 12, Flag }, { "minimum", 13, Real },
        { "exclusiveMinimum", 14, Flag }, { "maxLength", 15, Integer }, { "minLength", 16, Integer },
        { "pattern", 17, Text }, { "maxItems", 18, Integer }, { "minItems", 19, Integer }, { "uniqueItems", 20, Flag },
        { "maxProperties", 21, Integer }, { "minProperties", 22, Integer }, { "required", 23, Each(Text) },
        { "enum", 24, Each(Any) }, { "type", 25, Text }, { "allOf", 26, Each(SchemaOrReference) },
        { "oneOf", 27, Each(SchemaOrReference) }, { "anyOf", 28, Each(SchemaOrReference) }, { "not", 29, SchemaOf },
        { "items", 30, Inside(1, SchemaOrReference) }, { "properties", 31, Map(1, SchemaOrReference) },
        { "additionalProperties", 32, SchemaOrFlag }, { "default", 33, Default }, { "description", 34, Text },
        { "format", 35, Text },
    };

    private static readonly SwaggerField Content =
        Map(1, Of(new SwaggerMessage(5) { { "schema", 1, SchemaOrReference }, { "example", 2, Any } }));

    private static readonly SwaggerField Parameter = OrReference(Of(new SwaggerMessage(14)
    {
        { "name", 1, Text }, { "in", 2, Text }, { "description", 3, Text }, { "required", 4, Flag },
        { "deprecated", 5, Flag }, { "allowEmptyValue", 6, Flag }, { "style", 7, Text }, { "explode", 8, Flag },
        { "allowReserved", 9, Flag }, { "schema", 10, SchemaOrReference }, { "example", 11, Any },
        { "content", 13, Content },
    }));

    private static readonly SwaggerField RequestBody = OrReference(Of(new SwaggerMessage(4)
    {
        { "description", 1, Text }, { "content", 2, Content }, { "required", 3, Flag },
    }));

    private static readonly SwaggerField Response = OrReference(Of(new SwaggerMessage(5)
    {
        { "description", 1, Text }, { "content", 3, Content },
    }));

    private static readonly SwaggerField Operation = Of(new SwaggerMessage(13)
    {
        { "tags", 1, Each(Text) }, { "summary", 2, Text }, { "description", 3, Text },
        { "externalDocs", 4, Of(External) }, { "operationId", 5, Text }, { "parameters", 6, Each(Parameter) },
        { "requestBody", 7, RequestBody },
        { "responses", 8, Of(new SwaggerMessage(3) { Others = (2, Response) }.With("default", 1, Response)) },
        { "deprecated", 10, Flag },
    });

    private static readonly SwaggerField Path = Of(new SwaggerMessage(14)
    {
        { "$ref", 1, Text }, { "summary", 2, Text }, { "description", 3, Text }, { "get", 4, Operation },
        { "put", 5, Operation }, { "post", 6, Operation }, { "delete", 7, Operation }, { "options", 8, Operation },
        { "head", 9, Operation }, { "patch", 10, Operation }, { "trace", 11, Operation },
        { "parameters", 13, Each(Parameter) },
    });

    private static readonly SwaggerMessage Document = new(9)
    {
        { "openapi", 1, Text },
        { "info", 2, Of(new SwaggerMessage(7)
            { { "title", 1, Text }, { "description", 2, Text }, { "version", 6, Text } }) },
        { "paths", 4, Of(new SwaggerMessage(2) { Others = (1, Path) }) },
        { "components", 5, Of(new SwaggerMessage(10) { { "schemas", 1, Map(1, SchemaOrReference) } }) },
    };

    /// <summary>The document in protobuf.</summary>
    public static ReadOnlySpan<byte> Write(JsonElement document)
    {
        var output = new ProtobufWriter();
        Document.Write(output, document);
        return output.Written;
    }

    private static void SchemaOf(ProtobufWriter to, int number, JsonElement value) => Of(Schema)(to, number, value);

    private static void SchemaOrReference(ProtobufWriter to, int number, JsonElement value) =>
        OrReference(SchemaOf)(to, number, value);

    /// <summary>One of two: of those, a truth value counts even when it is false.</summary>
    private static void SchemaOrFlag(ProtobufWriter to, int number, JsonElement value) => to.Message(number, item =>
    {
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            item.Number(2, value.GetBoolean() ? 1 : 0);
        }
        else
        {
            SchemaOrReference(item, 1, value);
        }
    });

    /// <summary>A number, a truth value or a text; the message has no place for anything else, and is empty then.
    /// </summary>
    private static void Default(ProtobufWriter to, int number, JsonElement value) => to.Message(number, item =>
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number: item.Double(1, value.GetDouble()); break;
            case JsonValueKind.True or JsonValueKind.False: item.Number(2, value.GetBoolean() ? 1 : 0); break;
            case JsonValueKind.String: item.Texts(3, [value.GetString()!]); break;
            default: break;
        }
    });
}
