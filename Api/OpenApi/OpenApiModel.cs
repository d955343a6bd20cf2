using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Makes the model of a document, version 3, from paths and from definitions as version 2 has them.</summary>
internal static class OpenApiModel
{
    private const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";

    /// <summary>The schemas of definitions, for any number of documents.</summary>
    public static IReadOnlyDictionary<string, IOpenApiSchema> Schemas(
        IEnumerable<KeyValuePair<string, JsonElement>> definitions) =>
        definitions.ToDictionary(
            d => d.Key, d => Schema(d.Value, isQuantity: d.Key == Quantity), StringComparer.Ordinal);

    /// <summary>A path with its operations.</summary>
    /// <param name="path">The path.</param>
    /// <param name="make">Makes the operations.</param>
    public static OpenApiPathItem PathItem(ApiPath path, Func<Operation, OpenApiOperation> make) => new()
    {
        Parameters = [.. SwaggerWriter.PathParameters(path.Path).Select(PathParameter)],
        Operations = path.Operations.ToDictionary(o => HttpMethod.Parse(o.Method), make),
    };

    /// <summary>An operation as upstream publishes it.</summary>
    public static OpenApiOperation Operation(Operation operation) => new()
    {
        Description = operation.Description,
        OperationId = operation.Id,
        Parameters = [.. operation.Parameters.Select(QueryParameter)],
        RequestBody = operation.Body is null ? null : new OpenApiRequestBody
        {
            Content = Content(operation.Consumes, operation.Body, operation.PlainAnswer),
            Required = operation.Method != "delete",
        },
        Responses = Responses(operation),
        Extensions = operation.Kind is not { } kind ? null : new Dictionary<string, IOpenApiExtension>
        {
            ["x-kubernetes-action"] = new JsonNodeExtension(operation.Action!),
            ["x-kubernetes-group-version-kind"] = new JsonNodeExtension(new JsonObject
            {
                ["group"] = kind.Group, ["version"] = kind.Version, ["kind"] = kind.Kind,
            }),
        },
    };

    private static OpenApiResponses Responses(Operation operation)
    {
        var responses = new OpenApiResponses();
        foreach (var code in operation.Codes)
        {
            responses[$"{code}"] = new OpenApiResponse
            {
                Description = SwaggerWriter.CodeText(code),
                Content = Content(operation.Produces, operation.Answer, operation.PlainAnswer),
            };
        }

        responses["401"] = new OpenApiResponse { Description = SwaggerWriter.CodeText(401) };
        return responses;
    }

    private static Dictionary<string, OpenApiMediaType> Content(
        IEnumerable<string> types, string? schema, string plain) => types.ToDictionary(t => t, _ => new OpenApiMediaType
        {
            Schema = schema is null ? Scalar(plain) : new OpenApiSchemaReference(schema),
        });

    private static OpenApiParameter PathParameter(string name) => new()
    {
        Name = name, In = ParameterLocation.Path, Required = true, Schema = Unique("string"),
        Description = name == "namespace" ? "namespace of the object" : "name of the object",
    };

    private static OpenApiParameter QueryParameter(QueryParameter parameter) => new()
    {
        Name = parameter.Name, In = ParameterLocation.Query, Schema = Unique(parameter.Type),
        Description = parameter.Description,
    };

    private static OpenApiSchema Unique(string type) => new() { Type = TypeOf(type), UniqueItems = true };

    private static OpenApiSchema Scalar(string type) => new() { Type = TypeOf(type) };

    private static JsonSchemaType TypeOf(string name) => name switch
    {
        "string" => JsonSchemaType.String,
        "boolean" => JsonSchemaType.Boolean,
        "integer" => JsonSchemaType.Integer,
        "number" => JsonSchemaType.Number,
        "array" => JsonSchemaType.Array,
        _ => JsonSchemaType.Object,
    };

    /// <summary>In version 3 nothing may stand beside a reference, so a described reference hides in allOf.</summary>
    private static IOpenApiSchema Schema(JsonElement definition, bool isQuantity = false)
    {
        var schema = new OpenApiSchema();
        if (definition.TryGetProperty("$ref", out var target))
        {
            var reference = new OpenApiSchemaReference(target.GetString()![SchemaWriter.ReferencePrefix.Length..]);
            if (definition.GetPropertyCount() == 1)
            {
                return reference;
            }

            schema.AllOf = [reference];
        }

        foreach (var property in definition.EnumerateObject())
        {
            Set(schema, property.Name, property.Value);
        }

        string[] alternatives = isQuantity ? ["string", "number"]
            : schema.Format == "int-or-string" ? ["integer", "string"]
            : [];
        if (alternatives.Length > 0)
        {
            schema.Type = null;
            schema.OneOf = [.. alternatives.Select(Scalar)];
        }

        return schema;
    }

    private static void Set(OpenApiSchema schema, string name, JsonElement value)
    {
        switch (name)
        {
            case "$ref":
                break;
            case "type":
                schema.Type = TypeOf(value.GetString()!);
                break;
            case "format":
                schema.Format = value.GetString();
                break;
            case "description":
                schema.Description = value.GetString();
                break;
            case "required":
                schema.Required = value.EnumerateArray().Select(v => v.GetString()!).ToHashSet(StringComparer.Ordinal);
                break;
            case "items":
                schema.Items = Schema(value);
                break;
            case "additionalProperties" when value.ValueKind == JsonValueKind.Object:
                schema.AdditionalProperties = Schema(value);
                break;
            case "properties":
                schema.Properties = value.EnumerateObject().ToDictionary(
                    p => p.Name, p => Schema(p.Value), StringComparer.Ordinal);
                break;
            default:
                schema.Extensions ??= new Dictionary<string, IOpenApiExtension>();
                schema.Extensions[name] = new JsonNodeExtension(JsonTree.Copy(value)!);
                break;
        }
    }
}
