using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>
/// Finds lines for which all conditions hold. The longest text that such a line must have is looked for in all texts
/// at once; only lines that have it are judged.
/// </summary>
public sealed class LineFilter
{
    /// <summary>More than so many words make a segment no less likely.</summary>
    private const int MaxWords = 8;

    private readonly LogTerm[] _terms;
    private readonly Severity _atLeast;
    private readonly byte[] _anchor;

    public LineFilter(IReadOnlyList<LogTerm> terms, Severity atLeast = Severity.None)
    {
        _terms = [.. terms];
        _atLeast = atLeast;
        var wanted = terms.Where(static t => !t.IsNegated).ToList();
        Words = [.. wanted.SelectMany(static t => t.Words).Distinct().Take(MaxWords)];
        _anchor = wanted.Select(static t => t.Anchor).MaxBy(static a => a.Length) ?? [];
    }

    /// <summary>Hashes of words that every line has that is found.</summary>
    public IReadOnlyList<ulong> Words { get; }

    public Severity AtLeast => _atLeast;

    /// <summary>The numbers of the lines for which all holds.</summary>
    public List<int> Find(LineBlock lines)
    {
        var found = new List<int>();
        if (_terms.Length == 0)
        {
            for (var i = 0; i < lines.Count; i++)
            {
                AddIfBad(lines, i, found);
            }

            return found;
        }

        var rented = ArrayPool<byte>.Shared.Rent(lines.TextBytes);
        var lower = rented.AsSpan(0, lines.TextBytes);
        Lower(lines.AllText, lower);
        if (_anchor.Length > 0)
        {
            FindByAnchor(lines, lower, found);
        }
        else
        {
            for (var i = 0; i < lines.Count; i++)
            {
                Judge(lines, i, lower, found);
            }
        }

        ArrayPool<byte>.Shared.Return(rented);
        return found;
    }

    private void FindByAnchor(LineBlock lines, ReadOnlySpan<byte> lower, List<int> found)
    {
        for (var at = 0; lower[at..].IndexOf(_anchor) is >= 0 and var next;)
        {
            var line = lines.LineAt(at + next);
            Judge(lines, line, lower, found);
            if (line + 1 >= lines.Count)
            {
                return;
            }

            at = lines.Start(line + 1);
        }
    }

    private void AddIfBad(LineBlock lines, int line, List<int> found)
    {
        if (lines.Flags(line).Severity >= _atLeast)
        {
            found.Add(line);
        }
    }

    private void Judge(LineBlock lines, int line, ReadOnlySpan<byte> lower, List<int> found)
    {
        if (lines.Flags(line).Severity < _atLeast)
        {
            return;
        }

        var text = lines.Text(line);
        var lowered = lower.Slice(lines.Start(line), text.Length);
        foreach (var term in _terms)
        {
            if (term.Holds(text, lowered) == term.IsNegated)
            {
                return;
            }
        }

        found.Add(line);
    }

    /// <summary>ASCII letters in lower case, all other bytes as they are.</summary>
    internal static void Lower(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var (first, letters, bit) = (new Vector<byte>((byte)'A'), new Vector<byte>(25), new Vector<byte>(0x20));
        var wide = MemoryMarshal.Cast<byte, Vector<byte>>(from);
        var target = MemoryMarshal.Cast<byte, Vector<byte>>(to);
        for (var i = 0; i < wide.Length; i++)
        {
            target[i] = wide[i] | (Vector.LessThanOrEqual(wide[i] - first, letters) & bit);
        }

        for (var i = wide.Length * Vector<byte>.Count; i < from.Length; i++)
        {
            to[i] = from[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(from[i] | 0x20) : from[i];
        }
    }
}
