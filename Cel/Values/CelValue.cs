using System.Globalization;
using System.Runtime.CompilerServices;
using OrleansOrchestrator.Cel.Types;

namespace OrleansOrchestrator.Cel.Values;

/// <summary>The sorts of values an expression computes with.</summary>
public enum CelKind : byte
{
    Null,
    Error,
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
    Opaque,
}

/// <summary>
/// A value of the language: scalars lie in the struct itself, the rest is one reference. The default is null. An error
/// is a value too; what receives one hands it on.
/// </summary>
public readonly struct CelValue : IEquatable<CelValue>
{
    public static readonly CelValue Null;
    public static readonly CelValue True = new(CelKind.Bool, 1);
    public static readonly CelValue False = new(CelKind.Bool, 0);

    private readonly object? _object;
    private readonly long _bits;
    private readonly int _nanos;
    private readonly short _offset;

    private CelValue(CelKind kind, long bits, object? reference = null, int nanos = 0, short offset = 0)
    {
        Kind = kind;
        _bits = bits;
        _object = reference;
        _nanos = nanos;
        _offset = offset;
    }

    public CelKind Kind { get; }

    public bool IsError => Kind == CelKind.Error;

    public bool IsTrue => Kind == CelKind.Bool && _bits != 0;

    public bool IsFalse => Kind == CelKind.Bool && _bits == 0;

    internal bool IsNumber => Kind is CelKind.Int or CelKind.Uint or CelKind.Double;

    public long AsInt => _bits;

    public ulong AsUint => unchecked((ulong)_bits);

    public double AsDouble => BitConverter.Int64BitsToDouble(_bits);

    public string AsString => Unsafe.As<string>(_object!);

    public byte[] AsBytes => Unsafe.As<byte[]>(_object!);

    /// <summary>Of a duration: nanoseconds.</summary>
    public long AsNanoseconds => _bits;

    public CelTimestamp AsTimestamp => new(_bits, _nanos) { OffsetMinutes = _offset };

    public CelList AsList => Unsafe.As<CelList>(_object!);

    public CelMap AsMap => Unsafe.As<CelMap>(_object!);

    public CelType AsType => Unsafe.As<CelType>(_object!);

    public CelOpaque AsOpaque => Unsafe.As<CelOpaque>(_object!);

    public CelError AsError => Unsafe.As<CelError>(_object!);

    /// <summary>The type of the value as an expression sees it, without parameters of containers.</summary>
    public CelType Type => Kind switch
    {
        CelKind.Null => CelType.Null,
        CelKind.Bool => CelType.Bool,
        CelKind.Int => CelType.Int,
        CelKind.Uint => CelType.Uint,
        CelKind.Double => CelType.Double,
        CelKind.String => CelType.String,
        CelKind.Bytes => CelType.Bytes,
        CelKind.Timestamp => CelType.Timestamp,
        CelKind.Duration => CelType.Duration,
        CelKind.List => CelType.DynList,
        CelKind.Map => AsMap.Type,
        CelKind.Type => CelType.TypeType,
        CelKind.Opaque => AsOpaque.Type,
        _ => CelType.Error,
    };

    public static CelValue Of(bool value) => value ? True : False;

    public static CelValue Of(long value) => new(CelKind.Int, value);

    public static CelValue Of(ulong value) => new(CelKind.Uint, unchecked((long)value));

    public static CelValue Of(double value) => new(CelKind.Double, BitConverter.DoubleToInt64Bits(value));

    public static CelValue Of(string value) => new(CelKind.String, 0, value);

    public static CelValue Of(byte[] value) => new(CelKind.Bytes, 0, value);

    public static CelValue Of(CelTimestamp value) =>
        new(CelKind.Timestamp, value.Seconds, null, value.Nanoseconds, value.OffsetMinutes);

    public static CelValue OfDuration(long nanoseconds) => new(CelKind.Duration, nanoseconds);

    public static CelValue Of(CelList value) => new(CelKind.List, 0, value);

    public static CelValue Of(CelMap value) => new(CelKind.Map, 0, value);

    public static CelValue Of(CelType value) => new(CelKind.Type, 0, value);

    public static CelValue Of(CelOpaque value) => new(CelKind.Opaque, 0, value);

    public static CelValue Of(CelError error) => new(CelKind.Error, 0, error);

    public static CelValue OfError(string message) => new(CelKind.Error, 0, new CelError(message));

    public static bool operator ==(CelValue left, CelValue right) => left.Equals(right);

    public static bool operator !=(CelValue left, CelValue right) => !left.Equals(right);

    /// <summary>Equality of the language: numbers by value whatever their type, containers by content.</summary>
    public bool Equals(CelValue other) => CelEquality.AreEqual(this, other);

    public override bool Equals(object? obj) => obj is CelValue other && Equals(other);

    public override int GetHashCode() => CelEquality.Hash(this);

    /// <summary>For people that debug; expressions print by <c>string()</c>.</summary>
    public override string ToString() => Kind switch
    {
        CelKind.Null => "null",
        CelKind.Bool => IsTrue ? "true" : "false",
        CelKind.Int => AsInt.ToString(CultureInfo.InvariantCulture),
        CelKind.Uint => AsUint.ToString(CultureInfo.InvariantCulture),
        CelKind.Double => CelNumbers.Format(AsDouble),
        CelKind.String => AsString,
        CelKind.Bytes => Convert.ToBase64String(AsBytes),
        CelKind.Timestamp => AsTimestamp.ToString(),
        CelKind.Duration => CelDurations.Format(AsNanoseconds),
        CelKind.List => $"[{string.Join(", ", AsList)}]",
        CelKind.Map => $"{{{string.Join(", ", AsMap.Select(static e => $"{e.Key}: {e.Value}"))}}}",
        CelKind.Type => AsType.Name,
        CelKind.Opaque => AsOpaque.ToString() ?? "",
        _ => AsError.Message,
    };
}
