using System.Buffers;
using System.Globalization;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>The type of plain YAML scalars.</summary>
internal static class YamlScalar
{
    private static readonly SearchValues<char> FloatCharacters = SearchValues.Create("0123456789.eE+-");

    /// <summary>null, bool, long, double, or the string itself.</summary>
    public static object? Resolve(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON" => true,
        "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF" => false,
        ['+' or '-' or '.' or (>= '0' and <= '9'), ..] => Number(text),
        _ => text,
    };

    private static object Number(string text)
    {
        var plain = text.Replace("_", "", StringComparison.Ordinal);
        var negative = plain.StartsWith('-');
        var digits = plain.AsSpan(negative || plain.StartsWith('+') ? 1 : 0);
        if (digits.Length == 0)
        {
            return text;
        }

        if (Integer(digits) is { } value)
        {
            return negative ? -value : value;
        }

        var isDecimal = !digits.ContainsAnyExcept(FloatCharacters)
            && digits.ContainsAnyInRange('0', '9')
            && char.IsAsciiDigit(plain[^1]);
        return isDecimal && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : text;
    }

    private static long? Integer(ReadOnlySpan<char> digits)
    {
        var (radix, prefix) = digits switch
        {
            ['0', 'x' or 'X', ..] => (16, 2),
            ['0', 'b' or 'B', ..] => (2, 2),
            ['0', 'o' or 'O', ..] => (8, 2),
            ['0', _, ..] => (8, 1),
            _ => (10, 0),
        };
        var body = digits[prefix..];
        long value = 0;
        foreach (var c in body)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix || value > (long.MaxValue - digit) / radix)
            {
                return null;
            }

            value = (value * radix) + digit;
        }

        return body.Length == 0 ? null : value;
    }
}
