using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>The definitions of a custom kind, as its CustomResourceDefinition has them.</summary>
internal static class CustomDefinition
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    /// <summary>What version 2 has no word for, or what its clients would take for a promise that is not kept.
    /// </summary>
    private static readonly string[] NotInVersion2 =
        ["oneOf", "anyOf", "allOf", "not", "nullable", "default", "x-kubernetes-validations"];

    private static readonly (string Name, string Text)[] TypeTexts =
    [
        ("apiVersion",
            "APIVersion defines the versioned schema of this representation of an object. Servers should convert " +
            "recognized schemas to the latest internal value, and may reject unrecognized values. More info: " +
            "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources"),
        ("kind",
            "Kind is a string value representing the REST resource this object represents. Servers may infer this " +
            "from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: " +
            "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"),
    ];

    /// <summary>The definitions of a version: its objects and its lists.</summary>
    public static IEnumerable<Definition> Of(ResourceDefinition definition)
    {
        var kind = new SchemaKind(definition.Name.Group, definition.Version, definition.Kind);
        var list = kind with { Kind = definition.Of.ListKind };
        var strategy = (CustomObjectStrategy)definition.Strategy;
        yield return new Definition(StructuralBuilder.NameOf(kind), null, null)
        {
            Custom = () => Object(kind, strategy, strategy.Known.Peek()), Simple = () => Simple(kind, strategy),
            References = [$"{Meta}ObjectMeta"],
        };
        yield return new Definition(StructuralBuilder.NameOf(list), null, null)
        {
            Custom = () => List(kind, list), Simple = () => List(kind, list),
            References = [$"{Meta}ListMeta", StructuralBuilder.NameOf(kind)],
        };
    }

    private static JsonObject Simple(SchemaKind kind, CustomObjectStrategy strategy)
    {
        var schema = strategy.Known.Peek();
        return Simplified(Object(kind, strategy, schema), schema);
    }

    private static JsonObject Object(SchemaKind kind, CustomObjectStrategy strategy, JsonSchema? schema)
    {
        var result = schema is not null
            ? JsonTree.Copy(schema.Json)!.AsObject()
            : new JsonObject { ["type"] = "object" };
        var properties = result["properties"] as JsonObject ?? [];
        result["properties"] = properties.DeepClone();
        AddType(result["properties"]!.AsObject());
        result["properties"]!["metadata"] = Reference(
            $"{Meta}ObjectMeta",
            "Standard object's metadata. More info: " +
            "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata");
        result["x-kubernetes-group-version-kind"] = Kinds(kind);
        if (strategy.SelectableFields.Count > 0)
        {
            result["x-kubernetes-selectable-fields"] = new JsonArray(
                [.. strategy.SelectableFields.Select(f => new JsonObject { ["fieldPath"] = f.Label })]);
        }

        return result;
    }

    private static JsonObject List(SchemaKind kind, SchemaKind list)
    {
        var properties = new JsonObject();
        AddType(properties);
        properties["items"] = new JsonObject
        {
            ["description"] = $"List of {kind.Kind}. More info: " +
                "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md",
            ["type"] = "array",
            ["items"] = new JsonObject { ["$ref"] = SchemaWriter.ReferencePrefix + StructuralBuilder.NameOf(kind) },
        };
        properties["metadata"] = Reference(
            $"{Meta}ListMeta",
            "Standard list metadata. More info: " +
            "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds");
        return new JsonObject
        {
            ["description"] = $"{list.Kind} is a list of {kind.Kind}",
            ["type"] = "object",
            ["required"] = new JsonArray("items"),
            ["properties"] = properties,
            ["x-kubernetes-group-version-kind"] = Kinds(list),
        };
    }

    private static void AddType(JsonObject properties)
    {
        foreach (var (name, text) in TypeTexts)
        {
            properties[name] = new JsonObject { ["description"] = text, ["type"] = "string" };
        }
    }

    private static JsonObject Reference(string name, string text) => new()
    {
        ["description"] = text, ["$ref"] = SchemaWriter.ReferencePrefix + name,
    };

    private static JsonArray Kinds(SchemaKind kind) =>
        [new JsonObject { ["group"] = kind.Group, ["kind"] = kind.Kind, ["version"] = kind.Version }];

    /// <summary>
    /// The form of version 2. Where fields may be that are not specified, and where null may be, its clients are told
    /// nothing, since they would refuse what the server takes.
    /// </summary>
    private static JsonObject Simplified(JsonObject definition, JsonSchema? root)
    {
        Simplify(definition, isRoot: true);
        if (root is null or { IsPreserving: true })
        {
            definition.Remove("properties");
        }

        return definition;
    }

    private static void Simplify(JsonObject schema, bool isRoot)
    {
        var isOpen = schema["x-kubernetes-preserve-unknown-fields"] is not null && !isRoot;
        if (isOpen || schema["nullable"] is not null || schema["x-kubernetes-int-or-string"] is not null)
        {
            foreach (var name in new[] { "type", "items", "properties", "additionalProperties", "required" })
            {
                schema.Remove(name);
            }
        }

        foreach (var name in NotInVersion2)
        {
            schema.Remove(name);
        }

        foreach (var (_, property) in schema["properties"] as JsonObject ?? [])
        {
            SimplifyBelow(property);
        }

        SimplifyBelow(schema["items"]);
        SimplifyBelow(schema["additionalProperties"]);
    }

    private static void SimplifyBelow(JsonNode? node)
    {
        if (node is JsonObject schema)
        {
            Simplify(schema, isRoot: false);
        }
    }
}
