using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>
/// Finds lines for which all conditions hold. The rarest sequence that such a line must have, or several of which it
/// must have one, is looked for in the columns of a segment; only lines that may have it are put together and judged.
/// </summary>
public sealed class LineFilter
{
    /// <summary>More than so many words make a segment no less likely.</summary>
    private const int MaxWords = 8;

    private readonly LogTerm[] _terms;
    private readonly Severity _atLeast;
    private readonly IReadOnlyList<ByteSequence> _anchors;

    public LineFilter(IReadOnlyList<LogTerm> terms, Severity atLeast = Severity.None)
    {
        _terms = [.. terms];
        _atLeast = atLeast;
        var wanted = terms.Where(static t => !t.IsNegated).ToList();
        Words = [.. wanted.SelectMany(static t => t.Words).Distinct().Take(MaxWords)];
        _anchors = wanted.Select(static t => t.Anchors).Where(static a => a.Count > 0)
            .MaxBy(static a => a.Min(static sequence => sequence.Rarity)) ?? [];
    }

    /// <summary>Hashes of words that every line has that is found.</summary>
    public IReadOnlyList<ulong> Words { get; }

    public Severity AtLeast => _atLeast;

    /// <summary>
    /// The numbers of the lines for which all holds, in their order. Ends within a line when it is told to.
    /// </summary>
    internal List<int> Find(StoredSegment segment, CancellationToken cancellationToken)
    {
        var found = new List<int>();
        var lower = new byte[256];
        foreach (var line in segment.Candidates(_anchors))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if ((_atLeast == Severity.None || segment.Flags(line).Severity >= _atLeast)
                && (_terms.Length == 0 || HoldAll(segment.Text(line), ref lower)))
            {
                found.Add(line);
            }
        }

        return found;
    }

    private bool HoldAll(ReadOnlySpan<byte> text, ref byte[] lower)
    {
        if (lower.Length < text.Length)
        {
            lower = new byte[text.Length];
        }

        var lowered = lower.AsSpan(0, text.Length);
        AsciiCase.Lower(text, lowered);
        foreach (var term in _terms)
        {
            if (term.Holds(text, lowered) == term.IsNegated)
            {
                return false;
            }
        }

        return true;
    }
}
