using System.Text;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Logs.Queries;

/// <summary>What of a regular expression stands side by side in every match.</summary>
internal sealed class RegexPiece
{
    private readonly List<ByteSet> _sets = [];
    private readonly StringBuilder _text = new();
    private readonly HashSet<ulong> _words = [];
    private bool _mayBeBeyondAscii;

    /// <summary>False when it is unknown, not there, or not there so often because that would be too much.</summary>
    public bool Add(RegexAtom atom, int times)
    {
        if (atom.Sets.Length == 0)
        {
            return false;
        }

        for (var i = 0; i < times; i++)
        {
            if (_sets.Count + atom.Sets.Length > ByteSequence.MaxLength)
            {
                return false;
            }

            _sets.AddRange(atom.Sets);
            _mayBeBeyondAscii |= atom.MayBeBeyondAscii;
            if (atom.Text is { } text)
            {
                _text.Append(text);
            }
            else
            {
                EndText();
            }
        }

        return times > 0;
    }

    /// <summary>What is known by it; it is empty then.</summary>
    public RegexAnchors End()
    {
        EndText();
        var known = new RegexAnchors(
            _sets.Count == 0 ? []
                : _mayBeBeyondAscii ? [new ByteSequence(_sets), ByteSequence.BeyondAscii]
                : [new ByteSequence(_sets)],
            [.. _words]);
        _sets.Clear();
        _words.Clear();
        _mayBeBeyondAscii = false;
        return known;
    }

    /// <summary>
    /// Words that have something else on both sides: at an end, a match may go on with more of the word.
    /// </summary>
    private void EndText()
    {
        var bytes = Encoding.UTF8.GetBytes(_text.ToString());
        _text.Clear();
        var (start, end) = (0, bytes.Length);
        while (start < end && WordScanner.IsWord(bytes[start]))
        {
            start++;
        }

        while (end > start && WordScanner.IsWord(bytes[end - 1]))
        {
            end--;
        }

        _words.UnionWith(WordScanner.AllOf(bytes.AsSpan(start, end - start)));
    }
}
