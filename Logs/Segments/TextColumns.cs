using System.Buffers;
using System.Runtime.InteropServices;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Segments;

/// <summary>
/// Texts of lines in columns. Programs write lines of a few shapes: what differs are words with digits in them (times,
/// numbers, addresses, ids). A line's shape is its text with a 0 for each character of such words. Of lines that share
/// a shape, the shape is kept once, and the characters that it leaves out by their place in it: those of one place are
/// alike, and compress to about what they tell. A line whose shape is rare is kept as it is.
/// </summary>
/// <remarks>
/// In this order: shapes; texts that are kept as they are; for each line a code, 0 for the next of those texts, else
/// the number of its shape from 1; the columns, shape by shape and place by place. A shape has a 0 exactly where a
/// character is left out, because a word with a digit is left out whole. <see cref="StoredSegment"/> reads it.
/// </remarks>
internal static class TextColumns
{
    /// <summary>Fewer lines of one shape save less than it takes.</summary>
    private const int FewestOfShape = 8;

    /// <summary>What a shape has for a character that it leaves out.</summary>
    internal const byte Hole = (byte)'0';

    /// <summary>What a character that is left out may be.</summary>
    internal static readonly ByteSet LeftOut = ByteSet.Range((byte)'0', (byte)'9')
        | ByteSet.Range((byte)'A', (byte)'Z') | ByteSet.Range((byte)'a', (byte)'z');

    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);

    public static void Write(LineBlock lines, IBufferWriter<byte> output)
    {
        var (shapes, shapeOf) = FindShapes(lines);
        var common = Number(shapes);
        WriteTexts(output, common.Length, i => common[i].Text.Span);
        var rare = Enumerable.Range(0, lines.Count).Where(i => shapes[shapeOf[i]].Number == 0).ToArray();
        WriteTexts(output, rare.Length, i => lines.Text(rare[i]));
        foreach (var shape in shapeOf)
        {
            output.WriteNumber((ulong)shapes[shape].Number);
        }

        var columns = new byte[common.Sum(static s => s.Holes.Length * s.Count)];
        for (var i = 0; i < lines.Count; i++)
        {
            shapes[shapeOf[i]].Take(lines.Text(i), columns);
        }

        output.Write(columns);
    }

    private static (List<Shape> Shapes, int[] ShapeOf) FindShapes(LineBlock lines)
    {
        var masked = lines.AllText.ToArray();
        Mask(masked);
        var (shapes, shapeOf) = (new List<Shape>(), new int[lines.Count]);
        var known = new Dictionary<ReadOnlyMemory<byte>, int>(new SameBytes());
        for (var i = 0; i < lines.Count; i++)
        {
            var text = masked.AsMemory(lines.Start(i), lines.Text(i).Length);
            ref var shape = ref CollectionsMarshal.GetValueRefOrAddDefault(known, text, out var isKnown);
            if (!isKnown)
            {
                shape = shapes.Count;
                shapes.Add(new Shape(text));
            }

            shapes[shape].Add();
            shapeOf[i] = shape;
        }

        return (shapes, shapeOf);
    }

    /// <summary>The shapes that are kept, each with its number and where its columns begin.</summary>
    private static Shape[] Number(List<Shape> shapes)
    {
        var common = shapes.Where(static s => s.Count >= FewestOfShape).ToArray();
        var columns = 0;
        for (var i = 0; i < common.Length; i++)
        {
            common[i].Begin(i + 1, columns);
            columns += common[i].Holes.Length * common[i].Count;
        }

        return common;
    }

    /// <summary>Puts a 0 for each character of a word that has a digit.</summary>
    private static void Mask(Span<byte> text)
    {
        for (var at = 0; text[at..].IndexOfAny(Digits) is >= 0 and var next;)
        {
            var (start, end) = (at + next, at + next + 1);
            while (start > at && char.IsAsciiLetterOrDigit((char)text[start - 1]))
            {
                start--;
            }

            while (end < text.Length && char.IsAsciiLetterOrDigit((char)text[end]))
            {
                end++;
            }

            text[start..end].Fill(Hole);
            at = end;
        }
    }

    private static void WriteTexts(IBufferWriter<byte> output, int count, Func<int, ReadOnlySpan<byte>> text)
    {
        output.WriteNumber((ulong)count);
        for (var i = 0; i < count; i++)
        {
            output.WriteNumber((ulong)text(i).Length);
        }

        for (var i = 0; i < count; i++)
        {
            output.Write(text(i));
        }
    }

    /// <summary>A shape, and its lines as they are counted and written.</summary>
    private sealed class Shape(ReadOnlyMemory<byte> text)
    {
        private int _columns;
        private int _seen;
        private int[]? _holes;

        public ReadOnlyMemory<byte> Text => text;

        public int Count { get; private set; }

        /// <summary>From 1; 0 for a shape that is not kept.</summary>
        public int Number { get; private set; }

        public int[] Holes => _holes ??= StoredShape.FindHoles(text.Span);

        public void Add() => Count++;

        public void Begin(int number, int columns) => (Number, _columns) = (number, columns);

        /// <summary>Puts what the shape leaves out of its next line into the columns.</summary>
        public void Take(ReadOnlySpan<byte> line, byte[] columns)
        {
            if (Number == 0)
            {
                return;
            }

            var at = _columns + _seen++;
            foreach (var hole in Holes)
            {
                columns[at] = line[hole];
                at += Count;
            }
        }
    }

    private sealed class SameBytes : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public bool Equals(ReadOnlyMemory<byte> a, ReadOnlyMemory<byte> b) => a.Span.SequenceEqual(b.Span);

        public int GetHashCode(ReadOnlyMemory<byte> bytes)
        {
            var hash = default(HashCode);
            hash.AddBytes(bytes.Span);
            return hash.ToHashCode();
        }
    }
}
