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
    private const int NanoScale = -9;
    private const int MaxPower = 64;

    private static readonly BigInteger MaxNano = (BigInteger)Int128.MaxValue;
    private static readonly BigInteger MaxBinaryNano = (BigInteger)long.MaxValue * Quantity.NanoPerUnit;

    public static bool TryParse(string text, out Quantity quantity, out string error)
    {
        quantity = default;
        error = FormatWrong;
        if (text.Length == 0 || !TrySplit(text, out var parts))
        {
            return false;
        }

        if (!TryReadSuffix(parts.Suffix, out var power, out var format))
        {
            error = SuffixWrong;
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
        parts = new Parts(negative, numerator.Length == 0 ? "0" : numerator, denominator, text[suffixStart..]);
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

    private static Quantity Compute(string text, Parts parts, int power, QuantityFormat format)
    {
        var digits = BigInteger.Parse(parts.Numerator + parts.Denominator, CultureInfo.InvariantCulture);
        var binary = format == QuantityFormat.BinarySI;
        var scale = (binary ? 0 : power) - parts.Denominator.Length;
        var magnitude = binary ? digits << power : digits;
        var nano = ToNano(magnitude, scale);
        if (binary && nano > MaxBinaryNano)
        {
            nano = MaxBinaryNano;
        }

        var result = (Int128)BigInteger.Min(nano, MaxNano);
        if (binary && result > 0 && result < Quantity.NanoPerUnit)
        {
            format = QuantityFormat.DecimalSI;
        }

        var kept = IsNearlyCanonical(parts, digits, power, scale, format, binary) ? text : null;
        return new Quantity(parts.Negative ? -result : result, format, kept);
    }

    /// <summary>Amounts below a billionth are rounded up to one.</summary>
    private static BigInteger ToNano(BigInteger magnitude, int scale)
    {
        var shift = Math.Clamp(scale - NanoScale, -MaxPower, MaxPower);
        if (shift >= 0 || magnitude.IsZero)
        {
            return magnitude * BigInteger.Pow(10, Math.Max(shift, 0));
        }

        var divisor = BigInteger.Pow(10, -shift);
        var quotient = BigInteger.DivRem(magnitude, divisor, out var remainder);
        return remainder.IsZero ? quotient : quotient + 1;
    }

    /// <summary>
    /// Upstream answers with the text as it was sent when its fast path takes it for canonical ("02" is, "1000m" is
    /// not).
    /// </summary>
    private static bool IsNearlyCanonical(
        Parts parts, BigInteger digits, int power, int scale, QuantityFormat format, bool binary)
    {
        var length = parts.Numerator.Length + parts.Denominator.Length;
        if (binary)
        {
            var precision = 15 - parts.Numerator.Length - (int)(power * 3f / 10) - 1;
            return parts.Denominator.Length == 0 && precision >= 0 && format == QuantityFormat.BinarySI
                && power % 10 == 0 && (digits & 7) != 0;
        }

        var shifted = parts.Numerator + parts.Denominator;
        return length <= MaxFastDigits && scale >= NanoScale && scale % 3 == 0
            && !shifted.EndsWith("000", StringComparison.Ordinal) && shifted[0] != '0';
    }

    private readonly record struct Parts(bool Negative, string Numerator, string Denominator, string Suffix);
}
