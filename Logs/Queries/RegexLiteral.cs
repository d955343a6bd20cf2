using System.Text;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>
/// Texts of which whatever matches a regular expression must have one, as long as possible: a search looks for them
/// first, and leaves out segments without the words. Reads only what is plain; whatever it does not know ends a text,
/// and what it cannot judge (options in the middle of the pattern, look-around, names of groups) means that nothing is
/// known.
/// </summary>
/// <param name="Texts">The texts; empty when nothing is known.</param>
/// <param name="Words">Hashes of words that stand whole in every match.</param>
internal sealed record RegexLiteral(IReadOnlyList<string> Texts, IReadOnlyCollection<ulong> Words)
{
    /// <summary>Each is looked for on its own: of more alternatives it is as well to judge every line.</summary>
    private const int MaxTexts = 16;

    private const int MaxDepth = 50;

    private static readonly RegexLiteral None = new([], []);

    public static RegexLiteral Find(string pattern)
    {
        const string EitherCase = "(?i)";
        var isEitherCase = pattern.StartsWith(EitherCase, StringComparison.Ordinal);
        var reader = new Reader(isEitherCase ? pattern[EitherCase.Length..] : pattern, isEitherCase);
        var known = reader.Alternatives();
        return reader.IsUnsure ? None : known;
    }

    /// <summary>What is known when one of two holds.</summary>
    private static RegexLiteral Either(RegexLiteral a, RegexLiteral b) =>
        a.Texts.Count == 0 || b.Texts.Count == 0 || a.Texts.Count + b.Texts.Count > MaxTexts
            ? None with { Words = [.. a.Words.Intersect(b.Words)] }
            : new RegexLiteral([.. a.Texts, .. b.Texts], [.. a.Words.Intersect(b.Words)]);

    /// <summary>What is known when all of them hold.</summary>
    private static RegexLiteral All(List<RegexLiteral> known) => new(
        known.Select(static k => k.Texts).Where(static t => t.Count > 0)
            .MaxBy(static texts => (texts.Min(static t => t.Length), -texts.Count)) ?? [],
        [.. known.SelectMany(static k => k.Words).Distinct()]);

    private static RegexLiteral Of(string text) => text.Length == 0 ? None : new([text], WholeWords(text));

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

    /// <summary>Reads a pattern from its beginning to its end.</summary>
    private sealed class Reader(string pattern, bool isEitherCase)
    {
        private int _at;
        private int _depth;

        /// <summary>True when something was met that makes all that was read doubtful.</summary>
        public bool IsUnsure { get; private set; }

        /// <summary>Up to the end of the group or of the pattern.</summary>
        public RegexLiteral Alternatives()
        {
            var known = Sequence();
            while (_at < pattern.Length && pattern[_at] == '|')
            {
                _at++;
                known = Either(known, Sequence());
            }

            // A bracket that closes nothing is for the expression itself to refuse.
            IsUnsure |= _depth == 0 && _at < pattern.Length;
            return known;
        }

        private RegexLiteral Sequence()
        {
            var known = new List<RegexLiteral>();
            var text = new StringBuilder();
            while (_at < pattern.Length && pattern[_at] is not ('|' or ')'))
            {
                var inner = None;
                char? literal = null;
                if (pattern[_at] == '(')
                {
                    inner = Group();
                }
                else
                {
                    (literal, var length) = Next(pattern, _at);
                    literal = isEitherCase && literal is { } letter && HasFurtherCase(letter) ? null : literal;
                    _at += length;
                }

                var isOptional = _at < pattern.Length && pattern[_at] is '*' or '?' or '{';
                var isRepeated = _at < pattern.Length && pattern[_at] == '+';
                if (literal is { } value && !isOptional)
                {
                    text.Append(value);
                }

                if (literal is null || isOptional || isRepeated)
                {
                    known.Add(Of(text.ToString()));
                    known.Add(isOptional ? None : inner);
                    text.Clear();
                }
            }

            known.Add(Of(text.ToString()));
            return All(known);
        }

        /// <summary>A group with its brackets.</summary>
        private RegexLiteral Group()
        {
            const string Plain = "(?:";
            var isPlain = string.CompareOrdinal(pattern, _at, Plain, 0, Plain.Length) == 0;
            _at += isPlain ? Plain.Length : 1;

            // An option that changes what follows, a comment, a condition, look-around, a name.
            IsUnsure |= ++_depth > MaxDepth || (_at < pattern.Length && pattern[_at] == '?');
            if (IsUnsure)
            {
                _at = pattern.Length;
                return None;
            }

            var known = Alternatives();
            _depth--;
            IsUnsure |= _at >= pattern.Length;
            _at++;
            return known;
        }
    }

    /// <summary>
    /// Searches know the two cases of ASCII alone; the Kelvin sign is a k, and an i may have a dot above it.
    /// </summary>
    private static bool HasFurtherCase(char letter) => letter is 'k' or 'K' or 'i' or 'I' || !char.IsAscii(letter);

    /// <summary>
    /// What stands at a place: a character that stands for itself, or something else, and how long it is.
    /// </summary>
    private static (char? Literal, int Length) Next(string pattern, int at)
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
