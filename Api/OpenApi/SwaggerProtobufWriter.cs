using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Protobuf;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// Writes OpenAPI v2 in gnostic's protobuf form, the only one that kubectl's v2 client reads. Field numbers are
/// gnostic's (<c>openapiv2/OpenAPIv2.proto</c>).
/// </summary>
internal static class SwaggerProtobufWriter
{
    public static ReadOnlySpan<byte> Write(
        string version, IEnumerable<ApiPath> paths, IEnumerable<KeyValuePair<string, JsonElement>> definitions) => new ProtobufWriter()
        .Text(1, "2.0")
        .Message(2, info => info.Text(1, "Kubernetes").Text(2, version))
        .Message(8, all =>
        {
            foreach (var path in paths)
            {
                all.Message(2, named => named.Text(1, path.Path).Message(2, item => WritePath(item, path)));
            }
        })
        .Message(9, all =>
        {
            foreach (var (name, schema) in definitions)
            {
                WriteNamedSchema(all, 1, name, schema);
            }
        })
        .Written;

    private static void WritePath(ProtobufWriter item, ApiPath path)
    {
        foreach (var operation in path.Operations)
        {
            var field =
                operation.Method switch { "get" => 2, "put" => 3, "post" => 4, "delete" => 5, "patch" => 8, _ => 6 };
            item.Message(field, message => WriteOperation(message, operation));
        }

        foreach (var name in SwaggerWriter.PathParameters(path.Path))
        {
            // ParametersItem.parameter.non_body_parameter.path_parameter_sub_schema
            item.Message(9, i => i.Message(1, p => p.Message(2, n => n.Message(4, s => s
                .Flag(1, true).Text(2, "path").Text(4, name).Text(5, "string")))));
        }
    }

    private static void WriteOperation(ProtobufWriter message, Operation operation)
    {
        message.Text(3, operation.Description).Text(5, operation.Id).Texts(6, operation.Produces);
        message.Texts(7, operation.Consumes.Count > 0 ? operation.Consumes : ["*/*"]);
        if (operation.Body is { } body)
        {
            message.Message(8, i => i.Message(1, p => p.Message(1, b => b
                .Text(2, "body").Text(3, "body").Flag(4, operation.Method != "delete").Message(5, s => WriteReference(s, body)))));
        }

        foreach (var parameter in operation.Parameters)
        {
            message.Message(8, i => i.Message(1, p => p.Message(2, n => n.Message(3, s => s
                .Text(2, "query").Text(3, parameter.Description).Text(4, parameter.Name).Text(6, parameter.Type)))));
        }

        message.Message(9, responses =>
        {
            foreach (var code in operation.Codes)
            {
                responses.Message(1, named => named
                    .Text(1, code.ToString(System.Globalization.CultureInfo.InvariantCulture))
                    .Message(2, value => value.Message(1, response => WriteResponse(response, operation, code))));
            }

            responses.Message(1, named => named
                .Text(1, "401").Message(2, value => value.Message(1, r => r.Text(1, SwaggerWriter.CodeText(401)))));
        });
        WriteExtension(message, 13, "x-kubernetes-action", JsonSerializer.Serialize(operation.Action));
        var kind = operation.Kind;
        WriteExtension(
            message, 13, "x-kubernetes-group-version-kind",
            $"{{\"group\":\"{kind.Group}\",\"version\":\"{kind.Version}\",\"kind\":\"{kind.Kind}\"}}");
    }

    private static void WriteResponse(ProtobufWriter response, Operation operation, int code)
    {
        response.Text(1, SwaggerWriter.CodeText(code));
        if (operation.Answer is { } answer)
        {
            response.Message(2, item => item.Message(1, s => WriteReference(s, answer)));
        }
    }

    private static void WriteReference(ProtobufWriter schema, string name) =>
        schema.Text(1, SchemaWriter.ReferencePrefix + name);

    private static void WriteNamedSchema(ProtobufWriter message, int field, string name, JsonElement schema) =>
        message.Message(field, named => named.Text(1, name).Message(2, value => WriteSchema(value, schema)));

    private static void WriteSchema(ProtobufWriter message, JsonElement schema)
    {
        foreach (var property in schema.EnumerateObject())
        {
            var value = property.Value;
            switch (property.Name)
            {
                case "$ref": message.Text(1, value.GetString()); break;
                case "format": message.Text(2, value.GetString()); break;
                case "description": message.Text(4, value.GetString()); break;
                case "required": message.Texts(19, value.EnumerateArray().Select(v => v.GetString()!)); break;
                case "additionalProperties" when value.ValueKind == JsonValueKind.Object:
                    message.Message(21, item => item.Message(1, s => WriteSchema(s, value)));
                    break;
                case "additionalProperties":
                    message.Message(21, item => item.Flag(2, value.GetBoolean()));
                    break;
                case "type": message.Message(22, item => item.Text(1, value.GetString())); break;
                case "items": message.Message(23, item => item.Message(1, s => WriteSchema(s, value))); break;
                case "properties": message.Message(25, all => WriteProperties(all, value)); break;
                default: WriteExtension(message, 31, property.Name, value.GetRawText()); break;
            }
        }
    }

    private static void WriteProperties(ProtobufWriter message, JsonElement properties)
    {
        foreach (var property in properties.EnumerateObject())
        {
            WriteNamedSchema(message, 1, property.Name, property.Value);
        }
    }

    /// <summary>NamedAny: the value is YAML text, and JSON is YAML.</summary>
    private static void WriteExtension(ProtobufWriter message, int field, string name, string json) =>
        message.Message(field, named => named.Text(1, name).Message(2, any => any.Text(2, json)));
}
