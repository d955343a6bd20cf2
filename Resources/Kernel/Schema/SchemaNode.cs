namespace OrleansOrchestrator.Resources.Kernel.Schema;

/// <summary>
/// A place in the graph that says what objects look like: a scalar, anything, an object with known fields, a list or a
/// map. Nodes never change once the graph is built; whoever walks objects (codecs, patches, ownership, OpenAPI) walks
/// these beside them.
/// </summary>
public abstract class SchemaNode
{
    /// <summary>The object that the node leads to through lists and maps; null when it ends in a scalar.</summary>
    public ObjectSchema? Target => this switch
    {
        ObjectSchema target => target,
        ListSchema list => list.Items.Target,
        MapSchema map => map.Values.Target,
        _ => null,
    };
}

/// <summary>What a scalar is, each with a form of its own in JSON and protobuf.</summary>
public enum ScalarKind
{
    String,
    Boolean,
    Int32,
    Int64,
    Double,

    /// <summary>Base64 in JSON.</summary>
    Bytes,

    /// <summary>RFC 3339 in whole seconds.</summary>
    Time,

    /// <summary>RFC 3339 with six decimals.</summary>
    MicroTime,
    Quantity,
    IntOrString,
}

/// <summary>A scalar.</summary>
public sealed class ScalarSchema : SchemaNode
{
    private static readonly ScalarSchema[] Known = [.. Enum.GetValues<ScalarKind>().Select(k => new ScalarSchema(k))];

    private ScalarSchema(ScalarKind kind)
    {
        Kind = kind;
    }

    public ScalarKind Kind { get; }

    public static ScalarSchema Of(ScalarKind kind) => Known[(int)kind];
}

/// <summary>Any JSON value, kept as it came.</summary>
/// <param name="name">Its definition, for example <c>io.k8s.apimachinery.pkg.runtime.RawExtension</c>.</param>
public sealed class AnySchema(string name) : SchemaNode
{
    public string Name => name;
}

/// <summary>What is one value to server-side apply, and what has parts with owners of their own.</summary>
public enum Topology
{
    /// <summary>Nothing is declared: lists are atomic, maps and objects granular.</summary>
    Undeclared,
    Atomic,
    Granular,

    /// <summary>A list of values, each of which is there or not.</summary>
    Set,

    /// <summary>A list of objects that are told apart by some of their fields.</summary>
    Keyed,
}

/// <summary>A list.</summary>
/// <param name="items">What is in it.</param>
/// <param name="topology">Undeclared, Atomic, Set or Keyed.</param>
/// <param name="keys">The fields that tell the elements of a keyed list apart.</param>
public sealed class ListSchema(SchemaNode items, Topology topology, IReadOnlyList<string> keys) : SchemaNode
{
    public SchemaNode Items => items;

    public Topology Topology => topology;

    public IReadOnlyList<string> Keys => keys;
}

/// <summary>A map from texts.</summary>
/// <param name="values">What is in it.</param>
/// <param name="topology">Undeclared, Atomic or Granular.</param>
public sealed class MapSchema(SchemaNode values, Topology topology) : SchemaNode
{
    public SchemaNode Values => values;

    public Topology Topology => topology;
}
