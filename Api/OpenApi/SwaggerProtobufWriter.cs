using System.Text.Json;
using OrleansOrchestrator.Formats;
using static OrleansOrchestrator.Api.OpenApi.SwaggerFields;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// Writes an OpenAPI v2 document in gnostic's protobuf form, the only one that kubectl's v2 client reads. Field numbers
/// are gnostic's (<c>openapiv2/OpenAPIv2.proto</c>). What a document has in another form than it should, others' do,
/// is left out.
/// </summary>
internal static class SwaggerProtobufWriter
{
    private static readonly SwaggerMessage External = new(3) { { "description", 1, Text }, { "url", 2, Text } };

    private static readonly SwaggerMessage Schema = new(31)
    {
        { "$ref", 1, Text }, { "format", 2, Text }, { "title", 3, Text }, { "description", 4, Text },
        { "default", 5, Any }, { "multipleOf", 6, Real }, { "maximum", 7, Real }, { "exclusiveMaximum", 8, Flag },
        { "minimum", 9, Real }, { "exclusiveMinimum", 10, Flag }, { "maxLength", 11, Integer },
        { "minLength", 12, Integer }, { "pattern", 13, Text }, { "maxItems", 14, Integer }, { "minItems", 15, Integer },
        { "uniqueItems", 16, Flag }, { "maxProperties", 17, Integer }, { "minProperties", 18, Integer },
        { "required", 19, Each(Text) }, { "enum", 20, Each(Any) }, { "additionalProperties", 21, SchemaOrFlag },
        { "type", 22, Types }, { "items", 23, Inside(1, Schemas) }, { "allOf", 24, Each(SchemaOf) },
        { "properties", 25, Map(1, SchemaOf) }, { "discriminator", 26, Text }, { "readOnly", 27, Flag },
        { "externalDocs", 29, Of(External) }, { "example", 30, Any },
    };

    private static readonly SwaggerMessage Items = Limits(new SwaggerMessage(18), 1);
    private static readonly SwaggerMessage Header = Limits(new SwaggerMessage(19) { { "description", 18, Text } }, 1);
    private static readonly SwaggerMessage FixedParameter = Limits(Parameter(22), 5);

    private static readonly SwaggerMessage OpenParameter =
        Limits(Parameter(23), 6).With("allowEmptyValue", 5, Flag);

    private static readonly SwaggerMessage BodyParameter = new(6)
    {
        { "description", 1, Text }, { "name", 2, Text }, { "in", 3, Text }, { "required", 4, Flag },
        { "schema", 5, SchemaOf },
    };

    private static readonly SwaggerMessage Response = new(5)
    {
        { "description", 1, Text }, { "schema", 2, Inside(1, SchemaOf) }, { "headers", 3, Map(1, Of(Header)) },
        { "examples", 4, Map(1, Any) },
    };

    private static readonly SwaggerMessage Responses = new(2) { Others = (1, ResponseValue) };

    private static readonly SwaggerMessage Operation = new(13)
    {
        { "tags", 1, Each(Text) }, { "summary", 2, Text }, { "description", 3, Text },
        { "externalDocs", 4, Of(External) }, { "operationId", 5, Text }, { "produces", 6, Each(Text) },
        { "consumes", 7, Each(Text) }, { "parameters", 8, Each(ParameterOrReference) },
        { "responses", 9, Of(Responses) }, { "schemes", 10, Each(Text) }, { "deprecated", 11, Flag },
    };

    private static readonly SwaggerMessage Path = new(10)
    {
        { "$ref", 1, Text }, { "get", 2, Of(Operation) }, { "put", 3, Of(Operation) }, { "post", 4, Of(Operation) },
        { "delete", 5, Of(Operation) }, { "options", 6, Of(Operation) }, { "head", 7, Of(Operation) },
        { "patch", 8, Of(Operation) }, { "parameters", 9, Each(ParameterOrReference) },
    };

    private static readonly SwaggerMessage Document = new(16)
    {
        { "swagger", 1, Text },
        { "info", 2, Of(new SwaggerMessage(7)
            { { "title", 1, Text }, { "version", 2, Text }, { "description", 3, Text } }) },
        { "paths", 8, Map(2, Of(Path)) }, { "definitions", 9, Map(1, SchemaOf) },
        { "parameters", 10, Map(1, ParameterOf) },
    };

    /// <summary>The document in protobuf.</summary>
    public static ReadOnlySpan<byte> Write(JsonElement document)
    {
        var output = new ProtobufWriter();
        Document.Write(output, document);
        return output.Written;
    }

    private static SwaggerMessage Parameter(int extensions) => new(extensions)
    {
        { "required", 1, Flag }, { "in", 2, Text }, { "description", 3, Text }, { "name", 4, Text },
    };

    /// <summary>What parameters, their items and headers say of values, numbered on from a field.</summary>
    private static SwaggerMessage Limits(SwaggerMessage message, int first)
    {
        (string Name, SwaggerField Write)[] fields =
        [
            ("type", Text), ("format", Text), ("items", ItemsOf), ("collectionFormat", Text), ("default", Any),
            ("maximum", Real), ("exclusiveMaximum", Flag), ("minimum", Real), ("exclusiveMinimum", Flag),
            ("maxLength", Integer), ("minLength", Integer), ("pattern", Text), ("maxItems", Integer),
            ("minItems", Integer), ("uniqueItems", Flag), ("enum", Each(Any)), ("multipleOf", Real),
        ];
        foreach (var (index, field) in fields.Index())
        {
            message.Add(field.Name, first + index, field.Write);
        }

        return message;
    }

    private static void ItemsOf(ProtobufWriter to, int number, JsonElement value) => Of(Items)(to, number, value);

    private static void SchemaOf(ProtobufWriter to, int number, JsonElement value) => Of(Schema)(to, number, value);

    private static void Schemas(ProtobufWriter to, int number, JsonElement value)
    {
        SwaggerField write = value.ValueKind == JsonValueKind.Array ? Each(SchemaOf) : SchemaOf;
        write(to, number, value);
    }

    private static void SchemaOrFlag(ProtobufWriter to, int number, JsonElement value) => to.Message(number, item =>
    {
        SchemaOf(item, 1, value);
        Flag(item, 2, value);
    });

    /// <summary>One type, or several.</summary>
    private static void Types(ProtobufWriter to, int number, JsonElement value) => to.Message(number, item =>
    {
        Text(item, 1, value);
        Each(Text)(item, 1, value);
    });

    private static void ParameterOrReference(ProtobufWriter to, int number, JsonElement value) =>
        OrReference(ParameterOf)(to, number, value);

    private static void ResponseValue(ProtobufWriter to, int number, JsonElement value) =>
        OrReference(Of(Response))(to, number, value);

    /// <summary>A body, or another parameter of a form that depends on its place.</summary>
    private static void ParameterOf(ProtobufWriter to, int number, JsonElement value)
    {
        if (TextOf(value, "in") is not { } place)
        {
            return;
        }

        to.Message(number, parameter =>
        {
            if (place == "body")
            {
                Of(BodyParameter)(parameter, 1, value);
                return;
            }

            var (field, form) = place switch
            {
                "header" => (1, FixedParameter),
                "formData" => (2, OpenParameter),
                "query" => (3, OpenParameter),
                _ => (4, FixedParameter),
            };
            parameter.Message(2, other => Of(form)(other, field, value));
        });
    }
}
