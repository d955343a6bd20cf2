using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OrleansOrchestrator.Logs.Segments;

/// <summary>
/// A shape of <see cref="TextColumns"/> with the columns of its lines. Whether a line has a sequence is seen
/// without putting the line together: where the sequence fits the shape, its lines have it whose characters at the
/// holes in between are the sequence's, and those of one hole stand side by side.
/// </summary>
/// <param name="data">The buffer.</param>
/// <param name="text">The shape.</param>
/// <param name="columns">Where its columns begin in the buffer.</param>
/// <param name="firstPlace">Of its first line among all lines.</param>
/// <param name="count">How many lines it has.</param>
internal sealed class StoredShape(byte[] data, ReadOnlyMemory<byte> text, int columns, int firstPlace, int count)
{
    private readonly int[] _holes = FindHoles(text.Span);

    public int Length => text.Length;

    public int FirstPlace => firstPlace;

    public int Count => count;

    /// <summary>What its columns take; more than any buffer has when that is no number.</summary>
    public int ColumnBytes => (int)Math.Min(int.MaxValue, (long)_holes.Length * count);

    /// <summary>Where a shape leaves characters out.</summary>
    public static int[] FindHoles(ReadOnlySpan<byte> text)
    {
        var holes = new int[text.Count(TextColumns.Hole)];
        var found = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == TextColumns.Hole)
            {
                holes[found++] = i;
            }
        }

        return holes;
    }

    /// <summary>Puts a line together.</summary>
    public void Restore(int row, Span<byte> into)
    {
        text.Span.CopyTo(into);
        var at = columns + row;
        foreach (var hole in _holes)
        {
            into[hole] = data[at];
            at += count;
        }
    }

    /// <summary>Marks the lines that have one of these sequences.</summary>
    public void Mark(IReadOnlyList<ByteSequence> sequences, Span<byte> marks)
    {
        var shape = text.Span;
        var tests = new List<ByteTest>();
        foreach (var sequence in sequences)
        {
            var sets = sequence.Sets;
            for (var (at, hole) = (0, 0); at + sets.Length <= shape.Length; at++)
            {
                if (Fits(sets, shape.Slice(at, sets.Length), hole, tests)
                    && MarkRows(CollectionsMarshal.AsSpan(tests), marks))
                {
                    return;
                }

                hole += shape[at] == TextColumns.Hole ? 1 : 0;
            }
        }
    }

    /// <summary>Whether a sequence may stand at a place, and what the columns must have for that.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="shape">What the shape has there.</param>
    /// <param name="hole">The first hole at or after the place.</param>
    /// <param name="tests">What is to be tested of each row.</param>
    private bool Fits(
        ReadOnlySpan<ByteSet> sequence, ReadOnlySpan<byte> shape, int hole, List<ByteTest> tests)
    {
        tests.Clear();
        for (var i = 0; i < shape.Length; i++)
        {
            ref readonly var set = ref sequence[i];
            if (shape[i] != TextColumns.Hole)
            {
                if (!set.Contains(shape[i]))
                {
                    return false;
                }

                continue;
            }

            var fitting = set & TextColumns.LeftOut;
            if (fitting == default)
            {
                return false;
            }

            if (fitting != TextColumns.LeftOut)
            {
                tests.Add(new ByteTest(columns + (hole * count), fitting));
            }

            hole++;
        }

        return true;
    }

    /// <summary>True when all rows are marked, because nothing had to be tested.</summary>
    private bool MarkRows(ReadOnlySpan<ByteTest> tests, Span<byte> marks)
    {
        if (tests.IsEmpty)
        {
            marks.Fill(1);
            return true;
        }

        var row = 0;
        for (; row + Vector128<byte>.Count <= marks.Length; row += Vector128<byte>.Count)
        {
            var into = marks.Slice(row, Vector128<byte>.Count);
            (Vector128.Create<byte>(into) | (ByteTest.HoldAll(tests, data, row) & Vector128<byte>.One)).CopyTo(into);
        }

        for (; row < marks.Length; row++)
        {
            marks[row] |= ByteTest.HoldAllOf(tests, data, row) ? (byte)1 : (byte)0;
        }

        return false;
    }
}
