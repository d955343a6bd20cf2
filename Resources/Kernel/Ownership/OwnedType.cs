using System.Runtime.CompilerServices;
using System.Text.Json;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>What a scalar may be to field ownership.</summary>
internal enum OwnedScalar
{
    None,
    String,
    Boolean,
    Numeric,
    Any,
}

/// <summary>What a value is taken for.</summary>
internal enum OwnedKind
{
    Map,
    Scalar,
    List,
}

/// <summary>
/// A place of the schema as field ownership sees it: what it may hold (a scalar, a list, a map; more than one of them
/// only where nothing is declared), and which parts have owners of their own.
/// </summary>
internal sealed class OwnedType
{
    /// <summary>Any value, owned as a whole: RawExtension.</summary>
    public static readonly OwnedType Untyped = new() { Scalar = OwnedScalar.Any };

    /// <summary>Any value; its maps have parts, all else is owned as a whole.</summary>
    public static readonly OwnedType Deduced = new() { Scalar = OwnedScalar.Any };

    private const string RawExtension = "io.k8s.apimachinery.pkg.runtime.RawExtension";

    private static readonly ConditionalWeakTable<ObjectSchema, OwnedType> Objects = [];

    static OwnedType()
    {
        Untyped.List = new OwnedList(Untyped, Topology.Atomic, []);
        Untyped.Map = new OwnedMap(isAtomic: true, elements: Untyped);
        Deduced.List = new OwnedList(Untyped, Topology.Atomic, []);
        Deduced.Map = new OwnedMap(isAtomic: false, elements: Deduced);
    }

    private OwnedType()
    {
    }

    public OwnedScalar Scalar { get; private init; }

    public OwnedList? List { get; private set; }

    public OwnedMap? Map { get; private set; }

    /// <summary>Whatever is here has one owner for all of it.</summary>
    public bool IsLeaf => Map is not { IsAtomic: false } && List is not { IsAtomic: false };

    /// <summary>Nothing is declared below: sets are not brought in line with it.</summary>
    public bool IsDeduced => ReferenceEquals(this, Deduced);

    /// <summary>The type of a whole object.</summary>
    public static OwnedType Of(ObjectSchema schema) =>
        Objects.GetValue(schema, static s => new OwnedType { Map = new OwnedMap(s, s.IsAtomic) });

    /// <summary>The type of a field; what it declares itself comes before what its object does.</summary>
    public static OwnedType Of(SchemaField field) =>
        field.Node is ObjectSchema schema && field.Topology != Topology.Undeclared
            ? new OwnedType { Map = new OwnedMap(schema, field.Topology == Topology.Atomic) }
            : Of(field.Node);

    public OwnedKind KindOf(JsonElement value) => KindOf(value.ValueKind);

    public OwnedKind KindOf(JsonValueKind value) => value switch
    {
        JsonValueKind.Object when Map is not null => OwnedKind.Map,
        JsonValueKind.Array when List is not null => OwnedKind.List,
        JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
            when Scalar != OwnedScalar.None => OwnedKind.Scalar,
        _ => Map is not null ? OwnedKind.Map : Scalar != OwnedScalar.None ? OwnedKind.Scalar : OwnedKind.List,
    };

    private static OwnedType Of(SchemaNode node) => node switch
    {
        ObjectSchema schema => Of(schema),
        ScalarSchema scalar => new OwnedType { Scalar = ScalarOf(scalar.Kind) },
        ListSchema list => new OwnedType { List = new OwnedList(Of(list.Items), list.Topology, list.Keys) },
        MapSchema map => new OwnedType
        {
            Map = new OwnedMap(map.Topology == Topology.Atomic, Of(map.Values)),
        },
        AnySchema any => any.Name == RawExtension ? Untyped : Deduced,
        _ => throw new InvariantViolationException($"The node {node} is none of the schema's."),
    };

    private static OwnedScalar ScalarOf(ScalarKind kind) => kind switch
    {
        ScalarKind.String or ScalarKind.Bytes => OwnedScalar.String,
        ScalarKind.Boolean => OwnedScalar.Boolean,
        ScalarKind.Int32 or ScalarKind.Int64 or ScalarKind.Double => OwnedScalar.Numeric,
        _ => OwnedScalar.Any,
    };
}
