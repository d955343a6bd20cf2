using System.Globalization;
using System.Numerics;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Reads quantities as upstream does, including when it keeps the text as written.</summary>
internal static class QuantityParser
{
    private const string FormatWrong =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    private const string NumericWrong = "unable to parse numeric part of quantity";
    private const string SuffixWrong = "unable to parse quantity's suffix";
    private const int MaxFastDigits = 18;

    /// <summary>
    /// Upstream takes any length. Reading, adding and writing digits takes the square of their number, and no amount
    /// of anything needs so many.
    /// </summary>
    private const int MaxLength = 10_000;

    private const int NanoScale = -9;

    /// <summary>The largest power of two at which upstream's fast path still takes one digit.</summary>
    private const int MaxFastBinaryPower = 40;

    private static readonly Quantity MaxBinary = Quantity.Of(
        long.MaxValue, Quantity.UnitPower, QuantityFormat.BinarySI);
    private static readonly Quantity One = Quantity.Of(1, Quantity.UnitPower, QuantityFormat.DecimalSI);

    public static bool TryParse(string text, out Quantity quantity, out string error)
    {
        quantity = default;
        error = FormatWrong;
        if (text.Length is 0 or > MaxLength || !TrySplit(text, out var parts))
        {
            return false;
        }

        if (!TryReadSuffix(parts.Suffix, out var power, out var format))
        {
            error = SuffixWrong;
            return false;
        }

        if (!parts.HasDigits && !IsFastWithoutDigits(power, format))
        {
            error = NumericWrong;
            return false;
        }

        error = "";
        quantity = Compute(text, parts, power, format);
        return true;
    }

    private static bool TrySplit(string text, out Parts parts)
    {
        var negative = text[0] == '-';
        var start = negative || text[0] == '+' ? 1 : 0;
        var position = SkipWhile(text, start, c => c == '0');
        var numeratorStart = position;
        position = SkipWhile(text, position, char.IsAsciiDigit);
        var numerator = text[numeratorStart..position];
        var denominator = "";
        if (position < text.Length && text[position] == '.')
        {
            var denominatorStart = ++position;
            position = SkipWhile(text, position, char.IsAsciiDigit);
            denominator = text[denominatorStart..position];
        }

        var suffixStart = position;
        position = SkipWhile(text, position, c => "eEinumkKMGTP".Contains(c, StringComparison.Ordinal));
        if (position < text.Length && text[position] is '-' or '+')
        {
            position++;
        }

        position = SkipWhile(text, position, char.IsAsciiDigit);
        var hasDigits = numeratorStart > start || numerator.Length + denominator.Length > 0;
        parts = new Parts(
            negative, hasDigits, numerator.Length == 0 ? "0" : numerator, denominator, text[suffixStart..]);
        return position == text.Length;
    }

    private static int SkipWhile(string text, int position, Func<char, bool> accept)
    {
        while (position < text.Length && accept(text[position]))
        {
            position++;
        }

        return position;
    }

    /// <summary>The power of ten, or of two for <see cref="QuantityFormat.BinarySI"/>.</summary>
    private static bool TryReadSuffix(string suffix, out int power, out QuantityFormat format)
    {
        format = suffix.EndsWith('i') ? QuantityFormat.BinarySI : QuantityFormat.DecimalSI;
        power = suffix switch
        {
            "" => 0,
            "n" => -9,
            "u" => -6,
            "m" => -3,
            "k" => 3,
            "M" => 6,
            "G" => 9,
            "T" => 12,
            "P" => 15,
            "E" => 18,
            "Ki" => 10,
            "Mi" => 20,
            "Gi" => 30,
            "Ti" => 40,
            "Pi" => 50,
            "Ei" => 60,
            _ => int.MinValue,
        };
        if (power != int.MinValue)
        {
            return true;
        }

        format = QuantityFormat.DecimalExponent;
        return suffix.Length > 1 && suffix[0] is 'e' or 'E'
            && int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out power);
    }

    /// <summary>
    /// No digits at all are zero to upstream's fast path ("Ki", "."), and wrong to its slow one ("Pi", "E-12").
    /// </summary>
    private static bool IsFastWithoutDigits(int power, QuantityFormat format) =>
        format == QuantityFormat.BinarySI ? power <= MaxFastBinaryPower : power >= NanoScale;

    private static Quantity Compute(string text, Parts parts, int power, QuantityFormat format)
    {
        var written = parts.Numerator + parts.Denominator;
        var significant = written.TrimEnd('0');
        var digits = significant.Length == 0
            ? BigInteger.Zero : BigInteger.Parse(significant, CultureInfo.InvariantCulture);
        var binary = format == QuantityFormat.BinarySI;
        var scale = (binary ? 0 : power) - (long)parts.Denominator.Length;
        var amount = InNano(binary ? digits << power : digits, scale + written.Length - significant.Length, format);
        if (binary && amount > MaxBinary)
        {
            amount = MaxBinary;
        }

        if (binary && amount.Sign > 0 && amount < One)
        {
            format = QuantityFormat.DecimalSI;
        }

        var kept = IsNearlyCanonical(parts, written, significant, power, scale, format, binary) ? text : null;
        var (exact, exponent) = amount.Exact;
        return Quantity.Of(parts.Negative ? -exact : exact, exponent, format, kept);
    }

    /// <summary>Amounts below a billionth are rounded up to one.</summary>
    private static Quantity InNano(BigInteger digits, long scale, QuantityFormat format)
    {
        var exponent = scale - NanoScale;
        if (exponent >= 0 || digits.IsZero)
        {
            return Quantity.Of(digits, (int)Math.Clamp(exponent, 0, int.MaxValue), format);
        }

        // A power of ten of more than 2.5 times the bytes surely has more digits: the rest is less than a billionth.
        if (-exponent > 1 + (digits.GetByteCount() * 5L / 2))
        {
            return Quantity.Of(1, 0, format);
        }

        var quotient = BigInteger.DivRem(digits, BigInteger.Pow(10, (int)-exponent), out var remainder);
        return Quantity.Of(remainder.IsZero ? quotient : quotient + 1, 0, format);
    }

    /// <summary>
    /// Upstream answers with the text as it was sent when its fast path takes it for canonical ("02" is, "1000m" is
    /// not).
    /// </summary>
    private static bool IsNearlyCanonical(
        Parts parts, string written, string significant, int power, long scale, QuantityFormat format, bool binary)
    {
        if (binary)
        {
            // A number is a multiple of eight if its last three digits are.
            var precision = 15 - parts.Numerator.Length - (int)(power * 3f / 10) - 1;
            var end = int.Parse(written.AsSpan(Math.Max(0, written.Length - 3)), CultureInfo.InvariantCulture);
            return parts.Denominator.Length == 0 && precision >= 0 && format == QuantityFormat.BinarySI
                && power % 10 == 0 && (end & 7) != 0;
        }

        return written.Length <= MaxFastDigits && scale >= NanoScale && scale % 3 == 0
            && written.Length - significant.Length < 3 && written[0] != '0';
    }

    private readonly record struct Parts(
        bool Negative, bool HasDigits, string Numerator, string Denominator, string Suffix);
}
