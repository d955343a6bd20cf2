using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// The second builder of the schema graph, beside that of the built-in kinds: what server-side apply, patches and
/// OpenAPI have to know of a custom object, from its definition's schema.
/// </summary>
public static class StructuralBuilder
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
    private const string Deduced = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON";

    private static readonly ObjectSchema Metadata = BuiltInSchema.Objects.Single(o => o.Name == Meta);
    private static readonly AnySchema Anything = new(Deduced);

    /// <summary>The schema of a custom object.</summary>
    /// <param name="kind">Its place.</param>
    /// <param name="schema">The schema of the version; null for one that says nothing.</param>
    public static ObjectSchema Build(SchemaKind kind, JsonSchema? schema)
    {
        var result = new ObjectSchema
        {
            Name = NameOf(kind), GoName = kind.Kind, GoPackage = kind.Version, Kind = kind,
            PreservesUnknown = schema is null or { IsPreserving: true },
        };
        result.Complete(Fields(schema, isObject: true), schema?.Required);
        return result;
    }

    /// <summary>Name of the definition in OpenAPI: the group backwards, the version, the kind.</summary>
    public static string NameOf(SchemaKind kind) =>
        $"{string.Join('.', kind.Group.Split('.').Reverse())}.{kind.Version}.{kind.Kind}";

    private static List<SchemaField> Fields(JsonSchema? schema, bool isObject)
    {
        var own = (schema?.Properties ?? [])
            .Where(p => !isObject || p.Key is not ("apiVersion" or "kind" or "metadata"))
            .Select(p => Field(p.Key, p.Value, schema!.Required.Contains(p.Key)));
        return isObject
            ?
            [
                new("apiVersion", ScalarSchema.Of(ScalarKind.String), FieldPresence.OmitZero),
                new("kind", ScalarSchema.Of(ScalarKind.String), FieldPresence.OmitZero),
                new("metadata", Metadata, FieldPresence.Pointer),
                .. own,
            ]
            : [.. own];
    }

    private static SchemaField Field(string name, JsonSchema schema, bool isRequired) =>
        new(name, Node(schema), FieldPresence.Pointer) { IsRequired = isRequired, DefaultValue = schema.Default };

    private static SchemaNode Node(JsonSchema schema) => schema switch
    {
        { IsIntOrString: true } => ScalarSchema.Of(ScalarKind.IntOrString),
        { Type: "object", AdditionalProperties: { } values } => new MapSchema(Node(values), Atomicity(schema.MapType)),
        { Type: "object", Properties.Count: 0, IsEmbedded: false } =>
            schema is { IsPreserving: true, MapType: not "atomic" } ? Anything
            // Upstream's ownership takes an object that declares no fields for a map of anything.
            : new MapSchema(Anything, Atomicity(schema.MapType)),
        { Type: "object" } => Struct(schema),
        { Type: "array" } => new ListSchema(
            schema.Items is { } items ? Node(items) : Anything, ListTopology(schema), schema.ListMapKeys),
        { Type: "string" } => ScalarSchema.Of(ScalarKind.String),
        { Type: "boolean" } => ScalarSchema.Of(ScalarKind.Boolean),
        { Type: "integer" or "number" } => ScalarSchema.Of(ScalarKind.Double),
        _ => Anything,
    };

    private static ObjectSchema Struct(JsonSchema schema)
    {
        var result = new ObjectSchema
        {
            Name = "", PreservesUnknown = schema.IsPreserving, IsAtomic = schema.MapType == "atomic",
        };
        result.Complete(Fields(schema, schema.IsEmbedded), schema.Required);
        return result;
    }

    private static Topology Atomicity(string? mapType) => mapType == "atomic" ? Topology.Atomic : Topology.Granular;

    private static Topology ListTopology(JsonSchema schema) => schema.ListType switch
    {
        "set" => Topology.Set,
        "map" => Topology.Keyed,
        _ => Topology.Atomic,
    };
}
