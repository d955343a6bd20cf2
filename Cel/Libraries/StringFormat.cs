using System.Globalization;
using System.Numerics;
using System.Text;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary><c>'%s is %d'.format([a, b])</c>.</summary>
internal static class StringFormat
{
    /// <summary>Digits a number may be asked for.</summary>
    private const int MaxPrecision = 1000;

    public static CelValue Format(string template, CelList arguments)
    {
        var made = new StringBuilder();
        var used = 0;
        for (var i = 0; i < template.Length; i++)
        {
            if (template[i] != '%')
            {
                made.Append(template[i]);
                continue;
            }

            if (++i >= template.Length)
            {
                return CelValue.OfError("unexpected end of string");
            }

            if (template[i] == '%')
            {
                made.Append('%');
                continue;
            }

            if (used >= arguments.Count)
            {
                return CelValue.OfError($"index {used} out of range");
            }

            if (!Precision(template, ref i, out var precision))
            {
                return CelValue.OfError("could not parse formatting clause: error while parsing precision");
            }

            var shown = Clause(template[i], precision, arguments[used++]);
            if (shown.IsError)
            {
                return shown;
            }

            made.Append(shown.AsString);
        }

        return CelValue.Of(made.ToString());
    }

    private static bool Precision(string template, ref int at, out int precision)
    {
        precision = -1;
        if (template[at] != '.')
        {
            return true;
        }

        var start = ++at;
        while (at < template.Length && char.IsAsciiDigit(template[at]))
        {
            at++;
        }

        return at < template.Length
            && int.TryParse(template.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture,
                out precision)
            && precision <= MaxPrecision;
    }

    private static CelValue Clause(char clause, int precision, in CelValue value) => clause switch
    {
        's' => Text(value),
        'd' => Decimal(value),
        'f' => Fixed(value, precision < 0 ? 6 : precision),
        'e' => Scientific(value, precision < 0 ? 6 : precision),
        'b' => Binary(value),
        'x' => Hex(value),
        'X' => Hex(value) is { IsError: false } hex ? CelValue.Of(hex.AsString.ToUpperInvariant()) : Hex(value),
        'o' => value.Kind is CelKind.Int or CelKind.Uint ? CelValue.Of(InBase(value, 8))
            : Refuse("octal clause can only be used on integers", value),
        _ => CelValue.OfError($"could not parse formatting clause: unrecognized formatting clause \"{clause}\""),
    };

    private static CelValue Refuse(string what, in CelValue value) =>
        CelValue.OfError($"error during formatting: {what}, was given {value.Type.Name}");

    private static string Number(double number) => double.IsPositiveInfinity(number) ? "Infinity"
        : double.IsNegativeInfinity(number) ? "-Infinity"
        : CelNumbers.FormatPlain(number);

    private static CelValue Text(in CelValue value)
    {
        switch (value.Kind)
        {
            case CelKind.Double:
                return CelValue.Of(Number(value.AsDouble));
            case CelKind.Bytes:
                return CelValue.Of(Encoding.UTF8.GetString(value.AsBytes));
            case CelKind.List:
                var parts = value.AsList.Select(static e => Text(e)).ToList();
                return parts.Find(static p => p.IsError) is { IsError: true } bad
                    ? bad
                    : CelValue.Of($"[{string.Join(", ", parts.Select(static p => p.AsString))}]");
            case CelKind.Map when value.AsMap is not CelObject:
                return Map(value.AsMap);
            case CelKind.Opaque or CelKind.Map:
                return Refuse(
                    "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
                    + "durations, and timestamps", value);
            default:
                return CelValue.Of(value.ToString());
        }
    }

    private static CelValue Map(CelMap map)
    {
        var entries = new List<(string Key, string Value)>();
        foreach (var (key, held) in map)
        {
            var (name, shown) = (Text(key), Text(held));
            if (name.IsError || shown.IsError)
            {
                return name.IsError ? name : shown;
            }

            entries.Add((name.AsString, shown.AsString));
        }

        entries.Sort(static (x, y) => string.CompareOrdinal(x.Key, y.Key));
        return CelValue.Of($"{{{string.Join(", ", entries.Select(static e => $"{e.Key}: {e.Value}"))}}}");
    }

    private static CelValue Decimal(in CelValue value) => value.Kind switch
    {
        CelKind.Int or CelKind.Uint => CelValue.Of(value.ToString()),
        CelKind.Double when !double.IsFinite(value.AsDouble) => CelValue.Of(Number(value.AsDouble)),
        _ => Refuse("decimal clause can only be used on integers", value),
    };

    private static CelValue Fixed(in CelValue value, int precision) => value.Kind switch
    {
        CelKind.Double => CelValue.Of(!double.IsFinite(value.AsDouble) ? Number(value.AsDouble)
            : value.AsDouble.ToString("F" + precision, CultureInfo.InvariantCulture)),
        CelKind.Int or CelKind.Uint => CelValue.Of(precision == 0 ? value.ToString()
            : $"{value}.{new string('0', precision)}"),
        _ => Refuse("fixed-point clause can only be used on doubles", value),
    };

    private static CelValue Scientific(in CelValue value, int precision)
    {
        double? number = value.Kind switch
        {
            CelKind.Double => value.AsDouble,
            CelKind.Int => value.AsInt,
            CelKind.Uint => value.AsUint,
            _ => null,
        };
        return number is not { } given ? Refuse("scientific clause can only be used on doubles", value)
            : CelValue.Of(!double.IsFinite(given) ? Number(given)
                : given.ToString($"0.{new string('0', precision)}e+00", CultureInfo.InvariantCulture));
    }

    private static CelValue Binary(in CelValue value) => value.Kind switch
    {
        CelKind.Bool => CelValue.Of(value.IsTrue ? "1" : "0"),
        CelKind.Int or CelKind.Uint => CelValue.Of(InBase(value, 2)),
        _ => Refuse("only integers and bools can be formatted as binary", value),
    };

    private static CelValue Hex(in CelValue value) => value.Kind switch
    {
        CelKind.Int or CelKind.Uint => CelValue.Of(InBase(value, 16)),
        CelKind.String => CelValue.Of(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(value.AsString))),
        CelKind.Bytes => CelValue.Of(Convert.ToHexStringLower(value.AsBytes)),
        _ => Refuse("only integers, byte buffers, and strings can be formatted as hex", value),
    };

    private static string InBase(in CelValue value, int radix)
    {
        var number = value.Kind == CelKind.Uint ? (BigInteger)value.AsUint : value.AsInt;
        var size = BigInteger.Abs(number);
        var digits = new StringBuilder();
        do
        {
            digits.Insert(0, "0123456789abcdef"[(int)(size % radix)]);
            size /= radix;
        }
        while (size > 0);

        return (number.Sign < 0 ? "-" : "") + digits;
    }
}
