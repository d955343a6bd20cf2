using System.Collections.Frozen;

namespace OrleansOrchestrator.Cel.Types;

/// <summary>How two lists of a schema are compared and joined.</summary>
public enum CelListKind
{
    Atomic,

    /// <summary>Order does not count; joining adds what is not there.</summary>
    Set,

    /// <summary>Elements have keys; joining replaces those with equal keys.</summary>
    Map,
}

/// <summary>A field of an object's schema.</summary>
public sealed record CelSchemaField(string Name, CelSchema Schema, bool IsRequired = false);

/// <summary>
/// What is known of data ahead of time: its type, its parts, and how large it can be. One description serves the
/// checker (types of fields), the views of data (which texts are timestamps, which numbers are doubles) and the cost
/// estimate.
/// </summary>
public sealed class CelSchema
{
    /// <summary>A size that nothing bounds.</summary>
    public const long Unbounded = long.MaxValue;

    public static readonly CelSchema Dyn = new(CelType.Dyn);

    private IReadOnlyDictionary<string, CelSchemaField> _fields = FrozenDictionary<string, CelSchemaField>.Empty;

    public CelSchema(CelType type)
    {
        Type = type;
        MaxElements = type.Kind is CelTypeKind.Bool or CelTypeKind.Int or CelTypeKind.Uint or CelTypeKind.Double
            or CelTypeKind.Object ? 0 : Unbounded;
    }

    public CelType Type { get; private init; }

    /// <summary>The largest number of characters, bytes, elements or entries; 0 for scalars and objects.</summary>
    public long MaxElements { get; init; }

    /// <summary>Of a list its elements, of a map its values.</summary>
    public CelSchema? Element { get; private init; }

    /// <summary>Of a map its keys.</summary>
    public CelSchema? Key { get; private init; }

    public CelListKind ListKind { get; init; }

    /// <summary>Of a list of kind <see cref="CelListKind.Map"/>: the fields that tell elements apart.</summary>
    public IReadOnlyList<string> ListKeys { get; init; } = [];

    /// <summary>Of an object: its fields by the names expressions use (see <see cref="CelNames"/>).</summary>
    public IReadOnlyDictionary<string, CelSchemaField> Fields => _fields;

    /// <summary>Of an object: whether expressions use the names of its fields as they are.</summary>
    internal bool HasPlainNames { get; private init; }

    public static CelSchema List(CelSchema element, long maxElements = Unbounded) =>
        new(CelType.List(element.Type)) { Element = element, MaxElements = maxElements };

    public static CelSchema List(
        CelSchema element, long maxElements, CelListKind kind, IReadOnlyList<string>? keys = null) =>
        new(CelType.List(element.Type))
        {
            Element = element,
            MaxElements = maxElements,
            ListKind = kind,
            ListKeys = keys ?? [],
        };

    public static CelSchema Map(CelSchema key, CelSchema value, long maxElements = Unbounded) =>
        new(CelType.Map(key.Type, value.Type)) { Key = key, Element = value, MaxElements = maxElements };

    /// <summary>An object type; its name must be its own among the types of an environment.</summary>
    public static CelSchema Object(string name, IEnumerable<CelSchemaField> fields) =>
        new(CelType.Object(name))
        {
            _fields = fields.ToFrozenDictionary(static f => CelNames.Escape(f.Name) ?? f.Name, StringComparer.Ordinal),
        };

    /// <summary>
    /// An object type whose fields expressions name as they are, words of the language (<c>namespace</c>) among them:
    /// what Kubernetes describes itself.
    /// </summary>
    public static CelSchema PlainObject(string name, IEnumerable<CelSchemaField> fields) =>
        new(CelType.Object(name))
        {
            _fields = fields.ToFrozenDictionary(static f => f.Name, StringComparer.Ordinal), HasPlainNames = true,
        };

    /// <summary>
    /// An object type as <see cref="PlainObject(string, IEnumerable{CelSchemaField})"/> makes it, which may get more
    /// fields of scalars, lists and maps while expressions are compiled: each sees those that are there by then.
    /// </summary>
    public static CelSchema GrowingObject(string name, IReadOnlyDictionary<string, CelSchemaField> fields) =>
        new(CelType.Object(name)) { _fields = fields, HasPlainNames = true };

    /// <summary>All object types in it, itself among them.</summary>
    internal IEnumerable<CelSchema> ObjectTypes()
    {
        var seen = new HashSet<CelSchema>(ReferenceEqualityComparer.Instance);
        var open = new Stack<CelSchema>();
        open.Push(this);
        while (open.TryPop(out var schema))
        {
            if (!seen.Add(schema))
            {
                continue;
            }

            if (schema.Type.Kind == CelTypeKind.Object)
            {
                yield return schema;
            }

            foreach (var part in schema.Fields.Values.Select(static f => f.Schema)
                .Append(schema.Element).Append(schema.Key))
            {
                if (part is not null)
                {
                    open.Push(part);
                }
            }
        }
    }
}
