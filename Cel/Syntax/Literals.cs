using System.Globalization;
using System.Text;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Syntax;

/// <summary>What literals mean.</summary>
internal static class Literals
{
    public static CelValue? Int(string text)
    {
        var negative = text.StartsWith('-');
        var digits = negative ? text[1..] : text;
        var isHex = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (!ulong.TryParse(isHex ? digits[2..] : digits, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture, out var size) || size > (ulong)long.MaxValue + (negative ? 1UL : 0))
        {
            return null;
        }

        return CelValue.Of(negative ? unchecked(-(long)size) : (long)size);
    }

    public static CelValue? Uint(string text)
    {
        var digits = text[..^1];
        var isHex = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(isHex ? digits[2..] : digits, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture, out var size) ? CelValue.Of(size) : null;
    }

    public static CelValue? Double(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number)
            ? CelValue.Of(number)
            : null;

    /// <summary>A string's or bytes' value; null with a complaint when an escape is none.</summary>
    public static CelValue? Quoted(string text, bool isBytes, out string complaint)
    {
        complaint = "";
        var at = text.IndexOfAny(['\'', '"']);
        var isRaw = text.AsSpan(0, at).ContainsAny('r', 'R');
        var quote = text[at];
        var length = text.Length - at >= 6 && text[at + 1] == quote && text[at + 2] == quote ? 3 : 1;
        var body = text[(at + length)..^length].Replace("\r\n", "\n", StringComparison.Ordinal)
            .Replace('\r', '\n');
        if (isRaw || !body.Contains('\\', StringComparison.Ordinal))
        {
            return isBytes ? CelValue.Of(Encoding.UTF8.GetBytes(body)) : CelValue.Of(body);
        }

        using var bytes = new MemoryStream();
        var chars = new StringBuilder();
        for (var i = 0; i < body.Length;)
        {
            if (body[i] != '\\')
            {
                var rune = Rune.TryGetRuneAt(body, i, out var known) ? known : Rune.ReplacementChar;
                chars.Append(rune.ToString());
                bytes.Write(Encoding.UTF8.GetBytes(rune.ToString()));
                i += known == default ? 1 : rune.Utf16SequenceLength;
                continue;
            }

            if (Escape(body, ref i, isBytes) is not { } code)
            {
                complaint = "unable to unescape string";
                return null;
            }

            if (isBytes && code.IsByte)
            {
                bytes.WriteByte((byte)code.Value);
                continue;
            }

            if (!Rune.TryCreate(code.Value, out var made))
            {
                complaint = "invalid unicode code point";
                return null;
            }

            chars.Append(made.ToString());
            bytes.Write(Encoding.UTF8.GetBytes(made.ToString()));
        }

        return isBytes ? CelValue.Of(bytes.ToArray()) : CelValue.Of(chars.ToString());
    }

    /// <summary>The code an escape means; among bytes, those of x and of digits are bytes.</summary>
    private static (int Value, bool IsByte)? Escape(string body, ref int at, bool isBytes)
    {
        if (at + 1 >= body.Length)
        {
            return null;
        }

        var kind = body[at + 1];
        at += 2;
        var simple = "abfnrtv\\'\"`?".IndexOf(kind, StringComparison.Ordinal);
        if (simple >= 0)
        {
            return ("\a\b\f\n\r\t\v\\'\"`?"[simple], false);
        }

        var (digits, radix) = kind switch
        {
            'x' or 'X' => (2, 16),
            'u' when !isBytes => (4, 16),
            'U' when !isBytes => (8, 16),
            >= '0' and <= '3' => (3, 8),
            _ => (0, 0),
        };
        if (radix == 8)
        {
            at--;
        }

        if (digits == 0 || at + digits > body.Length)
        {
            return null;
        }

        long value = 0;
        for (var i = 0; i < digits; i++)
        {
            var digit = char.IsAsciiHexDigit(body[at]) ? Convert.ToInt32(body[at].ToString(), 16) : 16;
            at++;
            if (digit >= radix)
            {
                return null;
            }

            value = (value * radix) + digit;
        }

        return value <= int.MaxValue ? ((int)value, digits < 4) : null;
    }
}
