using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
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
/// A resource amount of any size: exact down to one billionth, written in upstream's canonical form. Parsing is cached,
/// since a cluster uses few distinct texts.
/// </summary>
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>
{
    internal const long NanoPerUnit = 1_000_000_000;
    internal const int UnitPower = 9;
    private const long NanoPerMilli = 1_000_000;
    private const int MaxCached = 4096;
    private const int MaxCachedLength = 32;

    private static readonly ConcurrentDictionary<string, Quantity> Cache = new(StringComparer.Ordinal);

    // To count a dictionary like this is to lock it.
    private static volatile int _cached;

    private readonly string? _text;

    // Billionths; zero when the amount is large.
    private readonly Int128 _nano;
    private readonly LargeAmount? _large;

    private Quantity((Int128 Small, LargeAmount? Large) amount, QuantityFormat format, string? text = null)
    {
        (_nano, _large) = amount;
        Format = format;
        _text = text;
    }

    public static Quantity Zero { get; } = new((0, null), QuantityFormat.DecimalSI, "0");

    public QuantityFormat Format { get; }

    public bool IsZero => Sign == 0;

    public int Sign => _large?.Digits.Sign ?? Int128.Sign(_nano);

    /// <summary>Whole units, rounded away from zero, capped to 64 bits.</summary>
    public long Value => Scaled(NanoPerUnit);

    /// <summary>Thousandths, rounded away from zero, capped to 64 bits.</summary>
    public long MilliValue => Scaled(NanoPerMilli);

    /// <summary>True when the amount is a whole number.</summary>
    public bool IsInteger => _large?.IsMultipleOf(UnitPower) ?? _nano % NanoPerUnit == 0;

    /// <summary>The amount in billionths, with room for some more digits; null when it is larger.</summary>
    internal Int128? Small => _large is null && Int128.Abs(_nano) < Int128.One << 100 ? _nano : null;

    /// <summary>The amount in billionths, as digits and a power of ten.</summary>
    internal (BigInteger Digits, int Exponent) Exact =>
        _large is { } large ? (large.Digits, large.Exponent) : ((BigInteger)_nano, 0);

    /// <summary>The amount in units, as near as a decimal comes; capped to 64 bits.</summary>
    internal decimal ToDecimal()
    {
        var limit = (Int128)long.MaxValue * NanoPerUnit;
        return (decimal)Int128.Clamp(
            _large is { } large ? limit * large.Digits.Sign : _nano, -limit, limit) / NanoPerUnit;
    }

    public static bool operator ==(Quantity left, Quantity right) => left.Equals(right);

    public static bool operator !=(Quantity left, Quantity right) => !left.Equals(right);

    public static bool operator <(Quantity left, Quantity right) => left.CompareTo(right) < 0;

    public static bool operator >(Quantity left, Quantity right) => left.CompareTo(right) > 0;

    public static bool operator <=(Quantity left, Quantity right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Quantity left, Quantity right) => left.CompareTo(right) >= 0;

    /// <summary>The sum; a zero takes the other's format, as upstream.</summary>
    public static Quantity operator +(Quantity left, Quantity right) =>
        new(Add(left, right), left.IsZero ? right.Format : left.Format);

    /// <summary>The difference; a zero takes the other's format, as upstream.</summary>
    public static Quantity operator -(Quantity left, Quantity right) =>
        new(Add(left, right.Negate()), left.IsZero ? right.Format : left.Format);

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

        if (text.Length <= MaxCachedLength && _cached < MaxCached && Cache.TryAdd(text, quantity.WithText()))
        {
            Interlocked.Increment(ref _cached);
        }

        return true;
    }

    /// <summary>Thousandths, to be written in a format.</summary>
    public static Quantity Milli(long thousandths, QuantityFormat format) =>
        new(((Int128)thousandths * NanoPerMilli, null), format);

    /// <summary>A whole number, to be written in a format.</summary>
    public static Quantity Whole(long value, QuantityFormat format) =>
        new(((Int128)value * NanoPerUnit, null), format);

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
    public Quantity RoundUpToMilli() => RoundUpTo(NanoPerMilli);

    /// <summary>Rounded away from zero to whole units.</summary>
    public Quantity RoundUp() => RoundUpTo(NanoPerUnit);

    public int CompareTo(Quantity other) => _large is null && other._large is null
        ? _nano.CompareTo(other._nano)
        : AsLarge().CompareTo(other.AsLarge());

    public bool Equals(Quantity other) => _nano == other._nano && Equals(_large, other._large);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_nano, _large);

    /// <summary>Upstream's text: what was parsed if that was (nearly) canonical, else the canonical form.</summary>
    public override string ToString() => _text ?? QuantityWriter.Canonical(this);

    /// <summary>An amount of billionths times a power of ten.</summary>
    internal static Quantity Of(BigInteger digits, int exponent, QuantityFormat format, string? text = null) =>
        new(LargeAmount.Of(digits, exponent), format, text);

    private static (Int128 Small, LargeAmount? Large) Add(Quantity left, Quantity right)
    {
        if (left._large is null && right._large is null)
        {
            var sum = unchecked(left._nano + right._nano);
            var overflows = Int128.Sign(left._nano) == Int128.Sign(right._nano)
                && Int128.Sign(sum) == -Int128.Sign(left._nano) && sum != 0;
            if (!overflows)
            {
                return (sum, null);
            }
        }

        return LargeAmount.Add(left.AsLarge(), right.AsLarge());
    }

    private Quantity Negate() => _large is { } large
        ? new Quantity((0, large.Negate()), Format)
        : new Quantity((-_nano, null), Format);

    private Quantity RoundUpTo(long nanos) => _large is not null || _nano % nanos == 0
        ? this
        : new Quantity((DivideAway(_nano, nanos) * nanos, null), Format);

    private Quantity WithText() => new((_nano, _large), Format, ToString());

    /// <summary>The amount in the form that all amounts have.</summary>
    private LargeAmount AsLarge() => _large ?? new LargeAmount((BigInteger)_nano, 0);

    private long Scaled(long nanos) => _large is { } large
        ? large.Digits.Sign > 0 ? long.MaxValue : long.MinValue
        : Cap(DivideAway(_nano, nanos));

    private static Int128 DivideAway(Int128 value, long divisor)
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

    /// <summary>
    /// Amounts beyond, which only sums can be, are not written out for powers of two: nobody has the memory.
    /// </summary>
    private const int MaxBinaryExponent = 10_000;

    private static readonly Quantity Kibi = Quantity.Of(1024, Quantity.UnitPower, QuantityFormat.BinarySI);
    private static readonly Quantity MinusKibi = Quantity.Of(-1024, Quantity.UnitPower, QuantityFormat.BinarySI);

    public static string Canonical(Quantity quantity)
    {
        if (quantity.IsZero)
        {
            return "0";
        }

        // Nearly all: sums of what is used and asked for are written with every pod.
        if (quantity.Small is { } nano)
        {
            return Canonical(quantity, nano, 0);
        }

        var (digits, exponent) = quantity.Exact;
        return Canonical(quantity, digits, exponent);
    }

    private static string Canonical<T>(Quantity quantity, T digits, int exponent)
        where T : IBinaryInteger<T>
    {
        var small = quantity > MinusKibi && quantity < Kibi;
        exponent -= Quantity.UnitPower;
        var isBinary = quantity.Format == QuantityFormat.BinarySI;
        return exponent > MaxBinaryExponent ? Decimal(digits, exponent, quantity.Format != QuantityFormat.DecimalSI)
            : isBinary && !small && quantity.IsInteger
                ? Binary(exponent >= 0 ? digits * Power<T>(exponent) : digits / Power<T>(-exponent))
            : Decimal(digits, exponent, quantity.Format == QuantityFormat.DecimalExponent);
    }

    private static T Power<T>(int exponent)
        where T : IBinaryInteger<T>
    {
        var (power, square) = (T.One, T.CreateChecked(10));
        for (; exponent > 0; exponent >>= 1)
        {
            power = int.IsOddInteger(exponent) ? power * square : power;
            square = exponent > 1 ? square * square : square;
        }

        return power;
    }

    private static string Binary<T>(T units)
        where T : IBinaryInteger<T>
    {
        var power = 0;
        while (T.IsZero(units & T.CreateChecked(1023)))
        {
            units >>= 10;
            power++;
        }

        var suffix = power < BinarySuffixes.Length ? BinarySuffixes[power] : "";
        return units.ToString(null, CultureInfo.InvariantCulture) + suffix;
    }

    /// <summary>
    /// The fewest digits before a power of thousand. Upstream writes no suffix where it has none, beyond exa.
    /// </summary>
    private static string Decimal<T>(T digits, int exponent, bool asExponent)
        where T : IBinaryInteger<T>
    {
        var ten = T.CreateChecked(10);
        while (T.DivRem(digits, ten) is var (shorter, rest) && T.IsZero(rest))
        {
            (digits, exponent) = (shorter, exponent + 1);
        }

        while (exponent % 3 != 0)
        {
            (digits, exponent) = (digits * ten, exponent - 1);
        }

        var text = digits.ToString(null, CultureInfo.InvariantCulture);
        if (asExponent)
        {
            return exponent == 0 ? text : string.Create(CultureInfo.InvariantCulture, $"{text}e{exponent}");
        }

        var step = (exponent + Quantity.UnitPower) / 3;
        return text + (step < DecimalSuffixes.Length ? DecimalSuffixes[step] : "");
    }
}
