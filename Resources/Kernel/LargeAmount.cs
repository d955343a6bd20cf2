using System.Globalization;
using System.Numerics;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// An amount of any size, as digits and a power of ten: what does not fit into 128 bits of billionths. Digits do not
/// end with a zero, so equal amounts are equal records.
/// </summary>
/// <param name="Digits">Not zero.</param>
/// <param name="Exponent">The power of ten, of billionths.</param>
internal sealed record LargeAmount(BigInteger Digits, int Exponent) : IComparable<LargeAmount>
{
    /// <summary>
    /// Powers of ten between two amounts from which on the smaller one is lost in their sum: nobody can make a sum
    /// cost more memory than that.
    /// </summary>
    private const int MaxAlignment = 10_000;

    private static readonly BigInteger MaxSmall = (BigInteger)Int128.MaxValue;
    private static readonly int MaxSmallDigits = Int128.MaxValue.ToString(CultureInfo.InvariantCulture).Length;

    /// <summary>Sorts an amount in: the small form when it fits, else the large one.</summary>
    public static (Int128 Small, LargeAmount? Large) Of(BigInteger digits, int exponent)
    {
        if (digits.IsZero)
        {
            return (0, null);
        }

        if (exponent <= MaxSmallDigits && digits * BigInteger.Pow(10, exponent) is var value
            && BigInteger.Abs(value) <= MaxSmall)
        {
            return ((Int128)value, null);
        }

        return (0, WithoutZeros(digits, exponent));
    }

    public static (Int128 Small, LargeAmount? Large) Add(LargeAmount left, LargeAmount right)
    {
        var (high, low) = left.Exponent >= right.Exponent ? (left, right) : (right, left);
        return high.Exponent - (long)low.Exponent > MaxAlignment
            ? Of(high.Digits, high.Exponent)
            : Of((high.Digits * BigInteger.Pow(10, high.Exponent - low.Exponent)) + low.Digits, low.Exponent);
    }

    /// <summary>
    /// Zeros go by powers of two of them: one by one, a million would take the square. There are no more of them than
    /// zeros at the end of the binary number.
    /// </summary>
    private static LargeAmount WithoutZeros(BigInteger digits, int exponent)
    {
        var most = (uint)BigInteger.TrailingZeroCount(digits);
        for (var zeros = (int)(most == 0 ? 0 : 1u << BitOperations.Log2(most)); zeros > 0; zeros /= 2)
        {
            var shorter = BigInteger.DivRem(digits, BigInteger.Pow(10, zeros), out var rest);
            (digits, exponent) = rest.IsZero ? (shorter, exponent + zeros) : (digits, exponent);
        }

        return new LargeAmount(digits, exponent);
    }

    public LargeAmount Negate() => new(-Digits, Exponent);

    /// <summary>True when it is a multiple of a power of ten.</summary>
    public bool IsMultipleOf(int power) => Exponent >= power;

    /// <inheritdoc/>
    public int CompareTo(LargeAmount? other)
    {
        if (other is null || Digits.Sign != other.Digits.Sign)
        {
            return Digits.Sign.CompareTo(other?.Digits.Sign ?? 0);
        }

        var bySize = Size.CompareTo(other.Size);
        if (bySize != 0)
        {
            return bySize * Digits.Sign;
        }

        // Of one size: their powers differ by no more than one has more digits than the other.
        var lowest = Math.Min(Exponent, other.Exponent);
        return (Digits * BigInteger.Pow(10, Exponent - lowest))
            .CompareTo(other.Digits * BigInteger.Pow(10, other.Exponent - lowest));
    }

    private long Size => BigInteger.Abs(Digits).ToString(CultureInfo.InvariantCulture).Length + (long)Exponent;
}
