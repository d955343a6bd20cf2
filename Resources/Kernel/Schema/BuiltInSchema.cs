using System.Collections.Frozen;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel.Schema;

/// <summary>
/// The graph of all types that Kubernetes publishes, built once from the table <c>schema.txt</c>. A fact that is
/// missing or does not parse fails here, at start, never as something empty later.
/// </summary>
public static class BuiltInSchema
{
    private static readonly SchemaTable Table = SchemaTable.Read();

    private static readonly FrozenDictionary<string, ObjectSchema> ByModel =
        Table.Objects.Where(o => o.Model is not null).ToFrozenDictionary(o => o.Model!, StringComparer.Ordinal);

    private static readonly FrozenDictionary<SchemaKind, ObjectSchema> ByKind =
        Table.Objects.Where(o => o.Kind is not null).ToFrozenDictionary(o => o.Kind!.Value);

    private static readonly FrozenSet<SchemaKind> Kinds = ByKind.Keys.ToFrozenSet();

    /// <summary>All objects, by name of the definition.</summary>
    public static IReadOnlyList<ObjectSchema> Objects => Table.Objects;

    /// <summary>
    /// All definitions that are no objects: scalars and what may be anything, with their OpenAPI type.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Scalars => Table.Scalars;

    /// <summary>Every group and version in which upstream registers the kinds of meta.</summary>
    public static IReadOnlyList<string> GroupVersions => Table.GroupVersions;

    /// <summary>The schema of a client model.</summary>
    /// <exception cref="InvariantViolationException">The table has none: a bug.</exception>
    public static ObjectSchema Of(Type model)
    {
        var found = Find(model);
        Invariant.Check(found is not null, "every model that is used has a schema", model.Name);
        return found;
    }

    /// <summary>The schema of a client model; null when the release does not publish it.</summary>
    public static ObjectSchema? Find(Type model) => ByModel.GetValueOrDefault(model.Name);

    /// <summary>The schema of a kind; null when the release has none.</summary>
    public static ObjectSchema? Find(SchemaKind kind) => ByKind.GetValueOrDefault(kind);

    /// <summary>
    /// True when upstream registers the kind in that apiVersion, served here or not: it decides which refusal a body of
    /// the wrong kind gets.
    /// </summary>
    public static bool IsKnown(string apiVersion, string kind)
    {
        var (group, version) = ApiVersions.Split(apiVersion);
        return Kinds.Contains(new SchemaKind(group, version, kind))
            || (Table.MetaKinds.Contains(kind) && Kinds.Any(k => k.Group == group && k.Version == version));
    }
}
