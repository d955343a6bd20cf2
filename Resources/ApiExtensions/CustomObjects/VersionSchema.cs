using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>
/// What the schema of a version means. It is read when an object needs it, and kept from then on: of the hundreds of
/// kinds that a cluster may have installed, few have objects that are written, and what a schema means takes several
/// times the memory of its text, which the definition holds anyway.
/// </summary>
/// <param name="kind">The version's place.</param>
/// <param name="read">Reads the schema; null when the version has none.</param>
public sealed class VersionSchema(SchemaKind kind, Func<JsonSchema?> read)
{
    /// <summary>Of a whole object, these say nothing of its type and metadata.</summary>
    private static readonly string[] Harmless =
        ["type", "description", "title", "properties", "required", "x-kubernetes-validations",
            "x-kubernetes-preserve-unknown-fields"];

    private readonly Lazy<Meaning> _kept = new(() => new Meaning(kind, read()));

    /// <summary>The version's place.</summary>
    public SchemaKind Kind => kind;

    /// <summary>What objects are checked, pruned and defaulted by; null for one that says nothing.</summary>
    public JsonSchema? Schema => _kept.Value.Schema;

    /// <summary>What fields there are, for field ownership, patches and OpenAPI.</summary>
    public ObjectSchema Structure => _kept.Value.Structure;

    /// <summary>True when objects may have whole objects within.</summary>
    public bool HasEmbedded => _kept.Value.HasEmbedded;

    /// <summary>True when it demands of type and metadata more than all objects have.</summary>
    public bool IsOfMetadata => _kept.Value.IsOfMetadata;

    internal RuleTree? Rules => _kept.Value.Rules;

    /// <summary>The schema for one look, after which nothing more is kept than before.</summary>
    public JsonSchema? Peek() => _kept.IsValueCreated ? Schema : read();

    private sealed class Meaning(SchemaKind kind, JsonSchema? schema)
    {
        public JsonSchema? Schema => schema;

        public bool HasEmbedded { get; } = schema?.All().Any(static s => s.IsEmbedded) == true;

        public bool IsOfMetadata { get; } = schema is not null && Demands(schema);

        public ObjectSchema Structure { get; } = StructuralBuilder.Build(kind, schema);

        public RuleTree? Rules { get; } = schema is null ? null : RuleTree.Of(schema, isRoot: true);

        /// <summary>Whether anything is said of a whole object but what its own fields are like.</summary>
        private static bool Demands(JsonSchema schema) =>
            schema.Json.EnumerateObject().Any(static p => !Harmless.Contains(p.Name))
            || CustomObject.TypeAndMetadata.Any(n => schema.Required.Contains(n)
                || (schema.Properties.TryGetValue(n, out var property)
                    && property.Json.EnumerateObject().Any(static p => p.Name is not ("type" or "description"))));
    }
}
