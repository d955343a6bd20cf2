using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.Formats;

/// <summary>Texts in quotes as Go's <c>strconv.Quote</c> writes them, which messages have.</summary>
public static class GoQuotes
{
    /// <summary>Go's <c>strconv.Quote</c>.</summary>
    public static string Quote(string text)
    {
        var result = new StringBuilder(text.Length + 2).Append('"');
        foreach (var rune in text.EnumerateRunes())
        {
            AppendQuoted(result, rune);
        }

        return result.Append('"').ToString();
    }

    /// <summary>Go's <c>unicode.IsPrint</c>: of blanks, only the space is.</summary>
    public static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    private static void AppendQuoted(StringBuilder result, Rune rune)
    {
        switch (rune.Value)
        {
            case '"': result.Append("\\\""); break;
            case '\\': result.Append("\\\\"); break;
            case '\a': result.Append("\\a"); break;
            case '\b': result.Append("\\b"); break;
            case '\f': result.Append("\\f"); break;
            case '\n': result.Append("\\n"); break;
            case '\r': result.Append("\\r"); break;
            case '\t': result.Append("\\t"); break;
            case '\v': result.Append("\\v"); break;
            case < 0x20 or 0x7f: result.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"); break;
            case < 0x7f: result.Append((char)rune.Value); break;
            default: AppendBeyondAscii(result, rune); break;
        }
    }

    private static void AppendBeyondAscii(StringBuilder result, Rune rune)
    {
        _ = IsPrintable(rune)
            ? result.Append(rune.ToString())
            : rune.Value < 0x10000
                ? result.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}")
                : result.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}");
    }
}
