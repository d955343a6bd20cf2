using System.Globalization;

namespace OrleansOrchestrator.Cel.Values;

/// <summary>Numbers as texts, in the forms of Go.</summary>
internal static class CelNumbers
{
    /// <summary>The shortest text that reads back as the same number: <c>1e+06</c>, <c>0.1</c>, <c>+Inf</c>.</summary>
    public static string Format(double number)
    {
        if (double.IsNaN(number))
        {
            return "NaN";
        }

        if (double.IsInfinity(number))
        {
            return number > 0 ? "+Inf" : "-Inf";
        }

        var (digits, exponent) = Digits(number.ToString("R", CultureInfo.InvariantCulture));
        return exponent is < -4 or >= 6 ? Scientific(number, digits, exponent) : Plain(number, digits, exponent);
    }

    /// <summary>Without an exponent, with as many digits as are needed.</summary>
    public static string FormatPlain(double number)
    {
        if (double.IsNaN(number) || double.IsInfinity(number))
        {
            return Format(number);
        }

        var (digits, exponent) = Digits(number.ToString("R", CultureInfo.InvariantCulture));
        return Plain(number, digits, exponent);
    }

    private static string Scientific(double number, string digits, int exponent)
    {
        var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
        var size = Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
        return $"{Sign(number)}{mantissa}e{(exponent < 0 ? '-' : '+')}{size}";
    }

    private static string Plain(double number, string digits, int exponent)
    {
        if (exponent < 0)
        {
            return $"{Sign(number)}0.{new string('0', -exponent - 1)}{digits}";
        }

        return digits.Length <= exponent + 1
            ? $"{Sign(number)}{digits}{new string('0', exponent + 1 - digits.Length)}"
            : $"{Sign(number)}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    private static string Sign(double number) => double.IsNegative(number) ? "-" : "";

    /// <summary>The significant digits and the power of ten of the first of them.</summary>
    private static (string Digits, int Exponent) Digits(string shortest)
    {
        var text = shortest.TrimStart('-');
        var exponent = 0;
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        if (mark >= 0)
        {
            exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..mark];
        }

        var point = text.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? text.Length : point;
        var all = point < 0 ? text : text.Remove(point, 1);
        var leading = all.Length - all.TrimStart('0').Length;
        var digits = all.Trim('0');
        return digits.Length == 0 ? ("0", 0) : (digits, exponent + whole - 1 - leading);
    }
}
