using System.Text;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>
/// What people write to search: conditions with blanks between them, all of which hold for what is found. A word or a
/// <c>"phrase"</c> is found where it stands whole; <c>/…/</c> is a regular expression; <c>name=value</c> a field; a
/// minus in front of any means lines without it. <c>docs/logs.md</c> has examples.
/// </summary>
public static class LogQueryText
{
    public const int MaxLength = 2048;
    public const int MaxTerms = 16;

    /// <summary>The conditions of a text, none for an empty one.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="terms">The conditions.</param>
    /// <returns>What is wrong with the text; null when nothing is.</returns>
    public static string? Read(string text, out IReadOnlyList<LogTerm> terms)
    {
        terms = [];
        if (text.Length > MaxLength)
        {
            return $"a query has {MaxLength} characters at most";
        }

        var found = new List<LogTerm>();
        for (var at = 0; Skip(text, ref at);)
        {
            if (found.Count == MaxTerms)
            {
                return $"a query has {MaxTerms} conditions at most";
            }

            if (ReadTerm(text, ref at, found) is { } complaint)
            {
                return complaint;
            }
        }

        terms = found;
        return null;
    }

    private static bool Skip(string text, ref int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at < text.Length;
    }

    private static string? ReadTerm(string text, ref int at, List<LogTerm> found)
    {
        var isNegated = text[at] == '-' && at + 1 < text.Length && !char.IsWhiteSpace(text[at + 1]);
        at += isNegated ? 1 : 0;
        switch (text[at])
        {
            case '/' when text.IndexOf('/', at + 1) >= 0:
                return ReadRegex(text, ref at, isNegated, found);
            case '"':
                return ReadQuoted(text, ref at, out var phrase) ?? AddText(phrase, isNegated, found);
        }

        var name = NameLength(text, at);
        if (name > 0)
        {
            var path = text.Substring(at, name);
            at += name + 1;
            if (at < text.Length && text[at] == '"')
            {
                var complaint = ReadQuoted(text, ref at, out var quoted);
                found.Add(new FieldTerm(path, quoted, isNegated));
                return complaint;
            }

            var value = ReadWord(text, ref at);
            found.Add(new FieldTerm(path, value, isNegated));
            return value.Length > 0 ? null : $"{path}= lacks its value; an empty one is \"\"";
        }

        return AddText(ReadWord(text, ref at), isNegated, found);
    }

    private static string? AddText(string text, bool isNegated, List<LogTerm> found)
    {
        if (text.AsSpan().Trim().IsEmpty)
        {
            return "a phrase is empty";
        }

        found.Add(new TextTerm(text, isNegated));
        return null;
    }

    private static string ReadWord(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && !char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return text[start..at];
    }

    /// <summary>Length of a field's name, when one and an equals sign stand here; else 0.</summary>
    private static int NameLength(string text, int at)
    {
        var end = at;
        while (end < text.Length && (char.IsLetterOrDigit(text[end]) || text[end] is '_' or '.' or '-' or '@'))
        {
            end++;
        }

        return end < text.Length && text[end] == '=' && (char.IsLetter(text[at]) || text[at] is '_' or '@') ? end - at
            : 0;
    }

    private static string? ReadQuoted(string text, ref int at, out string value)
    {
        var read = new StringBuilder();
        for (at++; at < text.Length && text[at] != '"'; at++)
        {
            at += text[at] == '\\' && at + 1 < text.Length && text[at + 1] is '"' or '\\' ? 1 : 0;
            read.Append(text[at]);
        }

        value = read.ToString();
        return at++ < text.Length ? null : "a quotation mark is not closed";
    }

    /// <summary>Ends at the first slash before a blank or the end, so that paths need no escapes.</summary>
    private static string? ReadRegex(string text, ref int at, bool isNegated, List<LogTerm> found)
    {
        var end = at + 1;
        while (end < text.Length
            && (text[end] != '/' || text[end - 1] == '\\' || (end + 1 < text.Length
                && !char.IsWhiteSpace(text[end + 1]))))
        {
            end++;
        }

        if (end >= text.Length)
        {
            // A path, such as /var/log.
            return AddText(ReadWord(text, ref at), isNegated, found);
        }

        var pattern = text[(at + 1)..end].Replace("\\/", "/", StringComparison.Ordinal);
        at = end + 1;
        try
        {
            found.Add(new RegexTerm(pattern, isNegated));
            return pattern.Length > 0 ? null : "a regular expression is empty";
        }
        catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
        {
            return $"the regular expression /{pattern}/ cannot be used: {wrong.Message}";
        }
    }
}
