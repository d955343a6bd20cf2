namespace OrleansOrchestrator.Cel.Types;

/// <summary>The sorts of types that the checker tells apart.</summary>
public enum CelTypeKind
{
    Dyn,
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List,
    Map,
    Type,

    /// <summary>A type whose insides only functions see: optionals, IP addresses, quantities.</summary>
    Opaque,

    /// <summary>A type with named fields, which a provider knows.</summary>
    Object,

    /// <summary>A parameter of an overload, or a type that is not known yet.</summary>
    Parameter,
}

/// <summary>A type of the language; equal when kind, name and parameters are.</summary>
public sealed class CelType : IEquatable<CelType>
{
    public static readonly CelType Dyn = new(CelTypeKind.Dyn, "dyn");
    public static readonly CelType Error = new(CelTypeKind.Error, "!error!");
    public static readonly CelType Null = new(CelTypeKind.Null, "null_type", "null");
    public static readonly CelType Bool = new(CelTypeKind.Bool, "bool");
    public static readonly CelType Int = new(CelTypeKind.Int, "int");
    public static readonly CelType Uint = new(CelTypeKind.Uint, "uint");
    public static readonly CelType Double = new(CelTypeKind.Double, "double");
    public static readonly CelType String = new(CelTypeKind.String, "string");
    public static readonly CelType Bytes = new(CelTypeKind.Bytes, "bytes");
    public static readonly CelType Timestamp = new(CelTypeKind.Timestamp, "google.protobuf.Timestamp", "timestamp");
    public static readonly CelType Duration = new(CelTypeKind.Duration, "google.protobuf.Duration", "duration");
    public static readonly CelType TypeType = new(CelTypeKind.Type, "type");
    public static readonly CelType DynList = List(Dyn);
    public static readonly CelType DynMap = Map(Dyn, Dyn);

    private readonly string _display;

    private CelType(CelTypeKind kind, string name, string? display = null, params CelType[] parameters)
    {
        Kind = kind;
        Name = name;
        Parameters = parameters;
        var shown = display ?? name;
        _display = parameters.Length == 0
            ? shown
            : $"{shown}({string.Join(", ", parameters.Select(static p => p._display))})";
        HasParameters = kind == CelTypeKind.Parameter || parameters.Any(static p => p.HasParameters);
    }

    public CelTypeKind Kind { get; }

    /// <summary>The name a value's type has when an expression asks for it, without parameters.</summary>
    public string Name { get; }

    public IReadOnlyList<CelType> Parameters { get; }

    /// <summary>Whether a type parameter occurs in it.</summary>
    internal bool HasParameters { get; }

    public bool IsOptional => Kind == CelTypeKind.Opaque && Name == "optional_type";

    public static CelType List(CelType element) => new(CelTypeKind.List, "list", null, element);

    public static CelType Map(CelType key, CelType value) => new(CelTypeKind.Map, "map", null, key, value);

    public static CelType TypeOf(CelType type) => new(CelTypeKind.Type, "type", null, type);

    public static CelType Optional(CelType value) => new(CelTypeKind.Opaque, "optional_type", null, value);

    public static CelType Opaque(string name, params CelType[] parameters) =>
        new(CelTypeKind.Opaque, name, null, parameters);

    public static CelType Object(string name) => new(CelTypeKind.Object, name);

    public static CelType Parameter(string name) => new(CelTypeKind.Parameter, name);

    /// <summary>The type as messages about a finished expression print it.</summary>
    public string ToRuntimeString() => Parameters.Count == 0
        ? Kind is CelTypeKind.Null or CelTypeKind.Timestamp or CelTypeKind.Duration ? Name : _display
        : $"{Name}({string.Join(", ", Parameters.Select(static p => p.ToRuntimeString()))})";

    /// <summary>The type as the checker's messages print it.</summary>
    public override string ToString() => _display;

    public bool Equals(CelType? other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (other is null || Kind != other.Kind || Name != other.Name || Parameters.Count != other.Parameters.Count)
        {
            return false;
        }

        for (var i = 0; i < Parameters.Count; i++)
        {
            if (!Parameters[i].Equals(other.Parameters[i]))
            {
                return false;
            }
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as CelType);

    public override int GetHashCode() => HashCode.Combine(Kind, Name, Parameters.Count);
}
