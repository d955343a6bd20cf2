using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>
/// Sequences of which whatever matches a regular expression must have one, as rare as possible: a search looks for them
/// first, and leaves out segments without the words. Reads only what is plain; whatever it does not know ends a
/// sequence, and what it cannot judge (options in the middle of the pattern, look-around, names of groups) means that
/// nothing is known.
/// </summary>
/// <param name="Sequences">The sequences; empty when nothing is known.</param>
/// <param name="Words">Hashes of words that stand whole in every match.</param>
internal sealed record RegexAnchors(IReadOnlyList<ByteSequence> Sequences, IReadOnlyCollection<ulong> Words)
{
    /// <summary>Each is looked for on its own: of more alternatives it is as well to judge every line.</summary>
    private const int MaxSequences = 16;

    private const int MaxDepth = 50;

    public static readonly RegexAnchors None = new([], []);

    public static RegexAnchors Find(string pattern)
    {
        const string EitherCase = "(?i)";
        var isEitherCase = pattern.StartsWith(EitherCase, StringComparison.Ordinal);
        var reader = new Reader(isEitherCase ? pattern[EitherCase.Length..] : pattern, isEitherCase);
        var known = reader.Alternatives();
        return reader.IsUnsure ? None : known;
    }

    /// <summary>What is known when one of two holds.</summary>
    private static RegexAnchors Either(RegexAnchors a, RegexAnchors b) =>
        a.Sequences.Count == 0 || b.Sequences.Count == 0 || a.Sequences.Count + b.Sequences.Count > MaxSequences
            ? None with { Words = [.. a.Words.Intersect(b.Words)] }
            : new RegexAnchors([.. a.Sequences.Union(b.Sequences)], [.. a.Words.Intersect(b.Words)]);

    /// <summary>What is known when all of them hold.</summary>
    private static RegexAnchors All(List<RegexAnchors> known) => new(
        known.Select(static k => k.Sequences).Where(static s => s.Count > 0)
            .MaxBy(static s => (s.Min(static sequence => sequence.Rarity), -s.Count)) ?? [],
        [.. known.SelectMany(static k => k.Words).Distinct()]);

    /// <summary>Reads a pattern from its beginning to its end.</summary>
    private sealed class Reader(string pattern, bool isEitherCase)
    {
        private int _at;
        private int _depth;

        /// <summary>True when something was met that makes all that was read doubtful.</summary>
        public bool IsUnsure { get; private set; }

        /// <summary>Up to the end of the group or of the pattern.</summary>
        public RegexAnchors Alternatives()
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

        private RegexAnchors Sequence()
        {
            var known = new List<RegexAnchors>();
            var piece = new RegexPiece();
            while (_at < pattern.Length && pattern[_at] is not ('|' or ')'))
            {
                if (pattern[_at] == '(')
                {
                    known.Add(piece.End());
                    var inner = Group();
                    known.Add(RegexRepeat.Read(pattern, ref _at).Least > 0 ? inner : None);
                    continue;
                }

                var atom = RegexAtom.Read(pattern, _at, isEitherCase);
                _at += atom.Length;
                var repeat = RegexRepeat.Read(pattern, ref _at);
                if (!piece.Add(atom, repeat.Least) || !repeat.IsExact)
                {
                    known.Add(piece.End());

                    // What comes next follows the last of those that are there at least.
                    piece.Add(atom, repeat.Least);
                }
            }

            known.Add(piece.End());
            return All(known);
        }

        /// <summary>A group with its brackets.</summary>
        private RegexAnchors Group()
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
}
