using System.Numerics;
using System.Runtime.InteropServices;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Segments;

/// <summary>
/// A shape of <see cref="TextColumns"/> with the columns of its lines. Whether a line has a text is seen without
/// putting the line together: where the text fits the shape, its lines have it whose characters at the holes in
/// between are the text's, and those of one hole stand side by side.
/// </summary>
/// <param name="data">The buffer.</param>
/// <param name="text">The shape.</param>
/// <param name="columns">Where its columns begin in the buffer.</param>
/// <param name="firstPlace">Of its first line among all lines.</param>
/// <param name="count">How many lines it has.</param>
internal sealed class StoredShape(byte[] data, ReadOnlyMemory<byte> text, int columns, int firstPlace, int count)
{
    private readonly int[] _holes = FindHoles(text.Span);
    private byte[]? _lower;

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

    /// <summary>Marks the lines that have one of these texts, in which ASCII letters are in lower case.</summary>
    public void Mark(IReadOnlyList<byte[]> texts, Span<byte> marks)
    {
        _lower ??= Lower(text.Span);
        var needed = new List<(int Column, byte Value)>();
        foreach (var wanted in texts)
        {
            for (var (at, hole) = (0, 0); at + wanted.Length <= _lower.Length; at++)
            {
                if (Fits(wanted, at, hole, needed))
                {
                    MarkRows(CollectionsMarshal.AsSpan(needed), marks);
                }

                hole += _lower[at] == TextColumns.Hole ? 1 : 0;
            }
        }
    }

    private static byte[] Lower(ReadOnlySpan<byte> text)
    {
        var lower = new byte[text.Length];
        AsciiCase.Lower(text, lower);
        return lower;
    }

    /// <summary>Whether a text may stand at a place, and what the columns must have for that.</summary>
    /// <param name="wanted">The text.</param>
    /// <param name="at">The place.</param>
    /// <param name="hole">The first hole at or after it.</param>
    /// <param name="needed">Where columns begin, and the character.</param>
    private bool Fits(ReadOnlySpan<byte> wanted, int at, int hole, List<(int Column, byte Value)> needed)
    {
        needed.Clear();
        var shape = _lower.AsSpan(at, wanted.Length);
        for (var i = 0; i < wanted.Length; i++)
        {
            if (shape[i] == TextColumns.Hole)
            {
                if (!char.IsAsciiLetterOrDigit((char)wanted[i]))
                {
                    return false;
                }

                needed.Add((columns + (hole++ * count), wanted[i]));
            }
            else if (shape[i] != wanted[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Only letters and digits are left out: with the bit that digits have, letters are in lower case.
    /// </summary>
    private void MarkRows(ReadOnlySpan<(int Column, byte Value)> needed, Span<byte> marks)
    {
        const byte LowerBit = 0x20;
        var row = 0;
        for (; row + Vector<byte>.Count <= marks.Length; row += Vector<byte>.Count)
        {
            var all = Vector<byte>.One;
            foreach (var (column, value) in needed)
            {
                var characters = new Vector<byte>(data, column + row) | new Vector<byte>(LowerBit);
                all &= Vector.Equals(characters, new Vector<byte>(value));
                if (all == Vector<byte>.Zero)
                {
                    break;
                }
            }

            var into = marks.Slice(row, Vector<byte>.Count);
            (new Vector<byte>(into) | all).CopyTo(into);
        }

        for (; row < marks.Length; row++)
        {
            marks[row] |= Has(needed, row, LowerBit) ? (byte)1 : (byte)0;
        }
    }

    private bool Has(ReadOnlySpan<(int Column, byte Value)> needed, int row, byte lowerBit)
    {
        foreach (var (column, value) in needed)
        {
            if ((data[column + row] | lowerBit) != value)
            {
                return false;
            }
        }

        return true;
    }
}
