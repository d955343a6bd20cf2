using System.Text;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>The language's extension for texts, of version 2. Places count code points.</summary>
internal static class StringLibrary
{
    public static CelLibrary Library { get; } = new()
    {
        Functions =
        [
            CelFunction.Of("charAt", ("string_char_at_int", "string.(int) string", CharAt)),
            CelFunction.Of("indexOf",
                ("string_index_of_string", "string.(string) int", static a => IndexOf(a, 0)),
                ("string_index_of_string_int", "string.(string, int) int", static a => IndexOf(a, a[2].AsInt))),
            CelFunction.Of("lastIndexOf",
                ("string_last_index_of_string", "string.(string) int", static a => LastIndexOf(a, null)),
                ("string_last_index_of_string_int", "string.(string, int) int", static a =>
                    LastIndexOf(a, a[2].AsInt))),
            CelFunction.Of("lowerAscii", ("string_lower_ascii", "string.() string", static a =>
                CelValue.Of(string.Create(a[0].AsString.Length, a[0].AsString, static (to, from) =>
                    Ascii.ToLowerKeepingRest(from, to))))),
            CelFunction.Of("upperAscii", ("string_upper_ascii", "string.() string", static a =>
                CelValue.Of(string.Create(a[0].AsString.Length, a[0].AsString, static (to, from) =>
                    Ascii.ToUpperKeepingRest(from, to))))),
            CelFunction.Of("replace",
                ("string_replace_string_string", "string.(string, string) string", static a => Replace(a, -1)),
                ("string_replace_string_string_int", "string.(string, string, int) string", static a =>
                    Replace(a, a[3].AsInt))),
            CelFunction.Of("split",
                ("string_split_string", "string.(string) list(string)", static a => Split(a, -1)),
                ("string_split_string_int", "string.(string, int) list(string)", static a => Split(a, a[2].AsInt))),
            CelFunction.Of("substring",
                ("string_substring_int", "string.(int) string", static a => Substring(a, null)),
                ("string_substring_int_int", "string.(int, int) string", static a => Substring(a, a[2].AsInt))),
            CelFunction.Of("trim", ("string_trim", "string.() string", static a => CelValue.Of(a[0].AsString.Trim()))),
            CelFunction.Of("join",
                ("list_join", "list(string).() string", static a => Join(a[0].AsList, "")),
                ("list_join_string", "list(string).(string) string", static a => Join(a[0].AsList, a[1].AsString))),
            CelFunction.Of("format", ("string_format", "string.(list(dyn)) string", static a =>
                StringFormat.Format(a[0].AsString, a[1].AsList))),
            CelFunction.Of("strings.quote", ("strings_quote", "(string) string", static a =>
                CelValue.Of(Quoted(a[0].AsString)))),
        ],
    };

    private static CelValue OutOfRange(long index) => CelValue.OfError($"index out of range: {index}");

    /// <summary>The place in UTF-16 of a code point; the end is a place too. Null beyond it.</summary>
    private static int? PlaceOf(string text, long index)
    {
        if (index < 0)
        {
            return null;
        }

        var at = 0;
        for (; index > 0; index--)
        {
            if (at >= text.Length)
            {
                return null;
            }

            at += at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
        }

        return at;
    }

    private static CelValue CharAt(ReadOnlySpan<CelValue> a)
    {
        var text = a[0].AsString;
        if (PlaceOf(text, a[1].AsInt) is not { } at)
        {
            return OutOfRange(a[1].AsInt);
        }

        return CelValue.Of(at == text.Length ? ""
            : text.Substring(at, at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1));
    }

    private static CelValue CodePointsBefore(string text, int place) =>
        CelValue.Of(place < 0 ? -1L : CelSizes.CodePoints(text[..place]));

    private static CelValue IndexOf(ReadOnlySpan<CelValue> a, long from)
    {
        var (text, part) = (a[0].AsString, a[1].AsString);
        if (part.Length == 0)
        {
            return CelValue.Of(from);
        }

        return PlaceOf(text, from) is { } start
            ? CodePointsBefore(text, text.IndexOf(part, start, StringComparison.Ordinal))
            : OutOfRange(from);
    }

    private static CelValue LastIndexOf(ReadOnlySpan<CelValue> a, long? from)
    {
        var (text, part) = (a[0].AsString, a[1].AsString);
        if (part.Length == 0)
        {
            return CelValue.Of(from ?? CelSizes.CodePoints(text));
        }

        if (from is { } given && (PlaceOf(text, given) is not { } end || end >= Math.Max(text.Length, 1)))
        {
            return OutOfRange(given);
        }

        var last = from is { } wanted ? PlaceOf(text, wanted)!.Value : text.Length;
        var searched = text[..Math.Min(text.Length, last + part.Length)];
        return CodePointsBefore(text, searched.LastIndexOf(part, StringComparison.Ordinal));
    }

    private static CelValue Replace(ReadOnlySpan<CelValue> a, long limit)
    {
        var (text, from, to) = (a[0].AsString, a[1].AsString, a[2].AsString);
        if (limit == 0)
        {
            return a[0];
        }

        var made = new StringBuilder();
        var at = 0;
        for (var count = 0L; limit < 0 || count < limit; count++)
        {
            if (from.Length == 0)
            {
                made.Append(to);
                if (at >= text.Length)
                {
                    break;
                }

                var length = at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
                made.Append(text, at, length);
                at += length;
                continue;
            }

            var next = text.IndexOf(from, at, StringComparison.Ordinal);
            if (next < 0)
            {
                break;
            }

            made.Append(text, at, next - at).Append(to);
            at = next + from.Length;
        }

        return CelValue.Of(made.Append(text, at, text.Length - at).ToString());
    }

    private static CelValue Split(ReadOnlySpan<CelValue> a, long limit)
    {
        var (text, separator) = (a[0].AsString, a[1].AsString);
        if (limit == 0)
        {
            return CelValue.Of(CelList.Of());
        }

        var most = limit < 0 ? int.MaxValue : (int)Math.Min(limit, int.MaxValue);
        IEnumerable<string> parts = separator.Length > 0
            ? text.Split(separator, most)
            : text.EnumerateRunes().Take(most - 1).Select(static r => r.ToString())
                .Concat(PlaceOf(text, most - 1) is { } rest && rest < text.Length ? [text[rest..]] : []);
        return CelValue.Of(CelList.Of([.. parts.Select(CelValue.Of)]));
    }

    private static CelValue Substring(ReadOnlySpan<CelValue> a, long? end)
    {
        var text = a[0].AsString;
        var start = a[1].AsInt;
        if (end < start)
        {
            return PlaceOf(text, start) is null ? OutOfRange(start)
                : CelValue.OfError($"invalid substring range. start: {start}, end: {end}");
        }

        if (PlaceOf(text, start) is not { } from)
        {
            return OutOfRange(start);
        }

        if (end is not { } given)
        {
            return CelValue.Of(text[from..]);
        }

        return PlaceOf(text, given) is { } to ? CelValue.Of(text[from..to]) : OutOfRange(given);
    }

    private static CelValue Join(CelList list, string separator) => list.Any(static e => e.Kind != CelKind.String)
        ? CelError.NoSuchOverload
        : CelValue.Of(string.Join(separator, list.Select(static e => e.AsString)));

    private static string Quoted(string text)
    {
        var made = new StringBuilder("\"");
        foreach (var c in text)
        {
            var code = "\a\b\f\n\r\t\v\\\"".IndexOf(c, StringComparison.Ordinal);
            _ = code < 0 ? made.Append(c) : made.Append('\\').Append("abfnrtv\\\""[code]);
        }

        return made.Append('"').ToString();
    }

    private static class Ascii
    {
        public static void ToLowerKeepingRest(string from, Span<char> to)
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = char.IsAsciiLetterUpper(from[i]) ? (char)(from[i] | 0x20) : from[i];
            }
        }

        public static void ToUpperKeepingRest(string from, Span<char> to)
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = char.IsAsciiLetterLower(from[i]) ? (char)(from[i] & ~0x20) : from[i];
            }
        }
    }
}
