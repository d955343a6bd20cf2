using System.Text;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>
/// The longest text that whatever matches a regular expression must have: a search looks for it first, and leaves out
/// segments without its words. Reads only what is plain; whatever it does not know ends a text, what stands in groups
/// is left out, and what it cannot judge (alternatives outside of groups, options in the middle of the pattern) means
/// that there is none.
/// </summary>
/// <param name="Text">The text; empty when there is none.</param>
/// <param name="Words">Hashes of words that stand whole in one of the texts.</param>
internal sealed record RegexLiteral(string Text, IReadOnlyCollection<ulong> Words)
{
    private static readonly RegexLiteral None = new("", []);

    public static RegexLiteral Find(string pattern)
    {
        const string EitherCase = "(?i)";
        var isEitherCase = pattern.StartsWith(EitherCase, StringComparison.Ordinal);
        if (Texts(isEitherCase ? pattern[EitherCase.Length..] : pattern, isEitherCase) is not { } texts)
        {
            return None;
        }

        var longest = texts.MaxBy(static t => t.Length) ?? "";
        return new RegexLiteral(longest, [.. texts.SelectMany(WholeWords).Distinct()]);
    }

    /// <summary>
    /// Words that have something else on both sides: at an end, a match may go on with more of the word.
    /// </summary>
    private static HashSet<ulong> WholeWords(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var (start, end) = (0, bytes.Length);
        while (start < end && WordScanner.IsWord(bytes[start]))
        {
            start++;
        }

        while (end > start && WordScanner.IsWord(bytes[end - 1]))
        {
            end--;
        }

        return WordScanner.AllOf(bytes.AsSpan(start, end - start));
    }

    /// <summary>Null when nothing is sure.</summary>
    private static List<string>? Texts(string pattern, bool isEitherCase)
    {
        var texts = new List<string>();
        var text = new StringBuilder();
        var depth = 0;
        for (var at = 0; at < pattern.Length;)
        {
            // One of several, an option that changes what follows, or a comment.
            if ((pattern[at] == '|' && depth == 0)
                || (pattern[at] == '(' && pattern.AsSpan(at + 1) is ['?', not ':', ..]))
            {
                return null;
            }

            var (literal, length) = Next(pattern, at, ref depth);
            literal = isEitherCase && literal is { } letter && HasFurtherCase(letter) ? null : literal;
            at += length;
            var isOptional = at < pattern.Length && pattern[at] is '*' or '?' or '{';
            var isRepeated = at < pattern.Length && pattern[at] == '+';

            // What stands in a group may be optional as a whole.
            if (literal is { } value && depth == 0 && !isOptional)
            {
                text.Append(value);
            }

            if (literal is null || isOptional || isRepeated || depth > 0)
            {
                texts.Add(text.ToString());
                text.Clear();
            }
        }

        texts.Add(text.ToString());
        return texts;
    }

    /// <summary>
    /// Searches know the two cases of ASCII alone; the Kelvin sign is a k, and an i may have a dot above it.
    /// </summary>
    private static bool HasFurtherCase(char letter) => letter is 'k' or 'K' or 'i' or 'I' || !char.IsAscii(letter);

    /// <summary>
    /// What stands at a place: a character that stands for itself, or something else, and how long it is.
    /// </summary>
    private static (char? Literal, int Length) Next(string pattern, int at, ref int depth)
    {
        switch (pattern[at])
        {
            case '\\' when at + 1 < pattern.Length:
                var escaped = pattern[at + 1];
                return char.IsAsciiLetterOrDigit(escaped)
                    ? (null, EscapeLength(pattern, at))
                    : (escaped, 2);
            case '[':
                return (null, ClassLength(pattern, at));
            case '{':
                var close = pattern.IndexOf('}', at);
                return (null, close < 0 ? pattern.Length - at : close - at + 1);
            case '(':
                depth++;
                return (null, 1);
            case ')':
                depth--;
                return (null, 1);
            case '.' or '^' or '$' or '*' or '+' or '?' or '\\' or '}' or ']':
                return (null, 1);
            case >= '\ud800':
                // Halves of characters, and what stands for bytes that are none, are other bytes in a line.
                return (null, 1);
            case var plain:
                return (plain, 1);
        }
    }

    /// <summary>Of escapes that may have more than one letter, all that could belong to them.</summary>
    private static int EscapeLength(string pattern, int at)
    {
        var end = at + 2;
        if (pattern[at + 1] is 'p' or 'P' or 'k' && end < pattern.Length && pattern[end] is '{' or '<')
        {
            var close = pattern.AsSpan(end).IndexOfAny('}', '>');
            return close < 0 ? pattern.Length - at : end + close + 1 - at;
        }

        if ("dDwWsSbBntrAzZ".Contains(pattern[at + 1], StringComparison.Ordinal))
        {
            return 2;
        }

        // Numbers of characters (\x41, \u0041, \cA): up to where letters and digits end, which is too much at worst.
        while (end < pattern.Length && char.IsAsciiLetterOrDigit(pattern[end]))
        {
            end++;
        }

        return end - at;
    }

    private static int ClassLength(string pattern, int at)
    {
        var end = at + 1;
        end += end < pattern.Length && pattern[end] == '^' ? 1 : 0;
        end += end < pattern.Length && pattern[end] == ']' ? 1 : 0;
        for (; end < pattern.Length && pattern[end] != ']'; end++)
        {
            end += pattern[end] == '\\' ? 1 : 0;
        }

        // A class that subtracts another one ends later than it seems: nothing after it is believed.
        return pattern.AsSpan(at, Math.Min(end, pattern.Length) - at).Contains("-[", StringComparison.Ordinal)
            ? pattern.Length - at
            : Math.Min(end + 1, pattern.Length) - at;
    }
}
