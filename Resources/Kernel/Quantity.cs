using System.Collections.Concurrent;
using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>How a quantity is written.</summary>
public enum QuantityFormat
{
    /// <summary><c>100m</c>, <c>5</c>, <c>2k</c>, <c>3G</c>.</summary>
    DecimalSI,

    /// <summary><c>64Ki</c>, <c>512Mi</c>.</summary>
    BinarySI,

    /// <summary><c>12e6</c>.</summary>
    DecimalExponent,
}

/// <summary>
/// A resource amount: exact down to one billionth, written in upstream's canonical form. Parsing is cached, since a
/// cluster uses few distinct texts. Amounts beyond ±1.7e29 saturate.
/// </summary>
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>
{
    internal const long NanoPerUnit = 1_000_000_000;
    private const long NanoPerMilli = 1_000_000;
    private const int MaxCached = 4096;
    private const int MaxCachedLength = 32;

    private static readonly ConcurrentDictionary<string, Quantity> Cache = new(StringComparer.Ordinal);

    private readonly string? _text;

    internal Quantity(Int128 nano, QuantityFormat format, string? text = null)
    {
        Nano = nano;
        Format = format;
        _text = text;
    }

    public static Quantity Zero { get; } = new(0, QuantityFormat.DecimalSI, "0");

    /// <summary>The amount in billionths.</summary>
    public Int128 Nano { get; }

    public QuantityFormat Format { get; }

    public bool IsZero => Nano == 0;

    public int Sign => Int128.Sign(Nano);

    /// <summary>Whole units, rounded away from zero, capped to 64 bits.</summary>
    public long Value => Cap(DivideAway(Nano, NanoPerUnit));

    /// <summary>Thousandths, rounded away from zero, capped to 64 bits.</summary>
    public long MilliValue => Cap(DivideAway(Nano, NanoPerMilli));

    /// <summary>True when the amount is a whole number.</summary>
    public bool IsInteger => Nano % NanoPerUnit == 0;

    public static bool operator ==(Quantity left, Quantity right) => left.Nano == right.Nano;

    public static bool operator !=(Quantity left, Quantity right) => left.Nano != right.Nano;

    public static bool operator <(Quantity left, Quantity right) => left.Nano < right.Nano;

    public static bool operator >(Quantity left, Quantity right) => left.Nano > right.Nano;

    public static bool operator <=(Quantity left, Quantity right) => left.Nano <= right.Nano;

    public static bool operator >=(Quantity left, Quantity right) => left.Nano >= right.Nano;

    /// <summary>The sum; a zero takes the other's format, as upstream.</summary>
    public static Quantity operator +(Quantity left, Quantity right) =>
        new(left.Nano + right.Nano, left.IsZero ? right.Format : left.Format);

    /// <summary>The difference; a zero takes the other's format, as upstream.</summary>
    public static Quantity operator -(Quantity left, Quantity right) =>
        new(left.Nano - right.Nano, left.IsZero ? right.Format : left.Format);

    public static Quantity FromUnits(long units, QuantityFormat format = QuantityFormat.DecimalSI) =>
        new((Int128)units * NanoPerUnit, format);

    public static Quantity FromMilli(long milli, QuantityFormat format = QuantityFormat.DecimalSI) =>
        new((Int128)milli * NanoPerMilli, format);

    /// <summary>Throws <see cref="FormatException"/> with upstream's text when it is not a quantity.</summary>
    public static Quantity Parse(string text) =>
        TryParse(text, out var quantity, out var error) ? quantity : throw new FormatException(error);

    public static bool TryParse(string text, out Quantity quantity) => TryParse(text, out quantity, out _);

    /// <summary>Parses; <paramref name="error"/> is upstream's text.</summary>
    public static bool TryParse(string text, out Quantity quantity, out string error)
    {
        error = "";
        if (Cache.TryGetValue(text, out quantity))
        {
            return true;
        }

        if (!QuantityParser.TryParse(text, out quantity, out error))
        {
            return false;
        }

        if (text.Length <= MaxCachedLength && Cache.Count < MaxCached)
        {
            Cache.TryAdd(text, new Quantity(quantity.Nano, quantity.Format, quantity.ToString()));
        }

        return true;
    }

    /// <summary>The amount of a model's quantity; zero for null.</summary>
    public static Quantity Of(ResourceQuantity? model) => model switch
    {
        null => Zero,
        ParsedQuantity parsed => parsed.Quantity,
        _ => Parse(model.ToString()),
    };

    /// <summary>The model's form, shared and never to be changed.</summary>
    public ResourceQuantity ToModel() => ParsedQuantity.Of(this);

    /// <summary>Rounded away from zero to thousandths, the finest that the API keeps for resources.</summary>
    public Quantity RoundUpToMilli() => Nano % NanoPerMilli == 0
        ? this
        : new Quantity(DivideAway(Nano, NanoPerMilli) * NanoPerMilli, Format);

    public int CompareTo(Quantity other) => Nano.CompareTo(other.Nano);

    public bool Equals(Quantity other) => Nano == other.Nano;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Nano.GetHashCode();

    /// <summary>Upstream's text: what was parsed if that was (nearly) canonical, else the canonical form.</summary>
    public override string ToString() => _text ?? QuantityWriter.Canonical(this);

    internal static Int128 DivideAway(Int128 value, long divisor)
    {
        var (quotient, remainder) = Int128.DivRem(value, divisor);
        return remainder == 0 ? quotient : quotient + Int128.Sign(value);
    }

    private static long Cap(Int128 value) =>
        value > long.MaxValue ? long.MaxValue : value < long.MinValue ? long.MinValue : (long)value;
}

/// <summary>Canonical texts of quantities.</summary>
internal static class QuantityWriter
{
    private static readonly string[] DecimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    private static readonly string[] BinarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    public static string Canonical(Quantity quantity)
    {
        if (quantity.IsZero)
        {
            return "0";
        }

        var small = Int128.Abs(quantity.Nano) < 1024 * (Int128)Quantity.NanoPerUnit;
        return quantity.Format == QuantityFormat.BinarySI && !small && quantity.IsInteger
            ? Binary(quantity.Nano / Quantity.NanoPerUnit)
            : Decimal(quantity.Nano, quantity.Format == QuantityFormat.DecimalExponent);
    }

    private static string Binary(Int128 units)
    {
        var power = 0;
        while (power < BinarySuffixes.Length - 1 && units % 1024 == 0)
        {
            units /= 1024;
            power++;
        }

        return units.ToString(CultureInfo.InvariantCulture) + BinarySuffixes[power];
    }

    private static string Decimal(Int128 nano, bool asExponent)
    {
        var mantissa = nano;
        var step = 0;
        while (mantissa % 1000 == 0 && (asExponent || step < DecimalSuffixes.Length - 1))
        {
            mantissa /= 1000;
            step++;
        }

        var digits = mantissa.ToString(CultureInfo.InvariantCulture);
        if (!asExponent)
        {
            return digits + DecimalSuffixes[step];
        }

        var exponent = (step * 3) - 9;
        return exponent == 0 ? digits : string.Create(CultureInfo.InvariantCulture, $"{digits}e{exponent}");
    }
}
