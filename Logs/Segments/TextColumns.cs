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
/// character is left out, because a word with a digit is left out whole.
/// </remarks>
internal static class TextColumns
{
    /// <summary>Fewer lines of one shape save less than it takes.</summary>
    private const int FewestOfShape = 8;

    private const byte Hole = (byte)'0';
    private const byte Break = (byte)'\n';

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

    /// <summary>Reads what <see cref="Write"/> wrote, for the lines of a block that has all but their texts.</summary>
    public static void Read(ref ReadOnlySpan<byte> input, LineBlock lines, int maxBytes)
    {
        var common = ReadTexts(ref input).Select(static t => new Shape(t)).ToArray();
        var rare = ReadTexts(ref input);
        var (codes, ends, total) = (new int[lines.Count], new int[lines.Count], 0L);
        var nextRare = 0;
        for (var i = 0; i < codes.Length; i++)
        {
            var code = ByteCoding.ReadNumber(ref input);
            if (code > (ulong)common.Length || (code == 0 && nextRare == rare.Length))
            {
                throw new InvalidDataException("a line of the segment has no text");
            }

            codes[i] = (int)code;
            var length = code == 0 ? rare[nextRare++].Length : common[code - 1].Add();
            total += length + 1;
            if (total > maxBytes)
            {
                throw new InvalidDataException($"the texts of a segment have more than {maxBytes} bytes");
            }

            ends[i] = (int)total - 1;
        }

        var text = new byte[(int)total];
        CopyTexts(codes, ends, common, rare, text);
        foreach (var shape in common)
        {
            shape.Fill(ref input, text);
        }

        lines.SetTexts(ends, text);
    }

    private static void CopyTexts(int[] codes, int[] ends, Shape[] common, ReadOnlyMemory<byte>[] rare, byte[] text)
    {
        var (start, nextRare) = (0, 0);
        for (var i = 0; i < codes.Length; i++)
        {
            if (codes[i] == 0)
            {
                rare[nextRare++].Span.CopyTo(text.AsSpan(start));
            }
            else
            {
                common[codes[i] - 1].Place(text, start);
            }

            text[ends[i]] = Break;
            start = ends[i] + 1;
        }
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

    private static ReadOnlyMemory<byte>[] ReadTexts(ref ReadOnlySpan<byte> input)
    {
        var lengths = new int[ByteCoding.ReadCount(ref input, 1)];
        var total = 0L;
        foreach (ref var length in lengths.AsSpan())
        {
            length = (int)Math.Min(int.MaxValue, ByteCoding.ReadNumber(ref input));
            total += length;
        }

        ReadOnlyMemory<byte> all = ByteCoding.Take(ref input, (int)Math.Min(int.MaxValue, total)).ToArray();
        var texts = new ReadOnlyMemory<byte>[lengths.Length];
        for (var (i, at) = (0, 0); i < texts.Length; at += lengths[i++])
        {
            texts[i] = all.Slice(at, lengths[i]);
        }

        return texts;
    }

    /// <summary>A shape, and its lines as they are counted, written or read.</summary>
    private sealed class Shape(ReadOnlyMemory<byte> text)
    {
        private int _columns;
        private int _seen;
        private int[]? _holes;
        private int[] _starts = [];

        public ReadOnlyMemory<byte> Text => text;

        public int Count { get; private set; }

        /// <summary>From 1; 0 for a shape that is not kept.</summary>
        public int Number { get; private set; }

        public int[] Holes => _holes ??= FindHoles(text.Span);

        /// <summary>Counts a line; returns its length.</summary>
        public int Add()
        {
            Count++;
            return text.Length;
        }

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

        /// <summary>Writes the shape as its next line, whose holes are filled later.</summary>
        public void Place(byte[] into, int start)
        {
            if (_seen == 0)
            {
                _starts = new int[Count];
            }

            text.Span.CopyTo(into.AsSpan(start));
            _starts[_seen++] = start;
        }

        /// <summary>Fills the holes of all its lines.</summary>
        public void Fill(ref ReadOnlySpan<byte> input, byte[] into)
        {
            foreach (var hole in Holes)
            {
                var column = ByteCoding.Take(ref input, Count);
                for (var i = 0; i < column.Length; i++)
                {
                    into[_starts[i] + hole] = column[i];
                }
            }
        }

        private static int[] FindHoles(ReadOnlySpan<byte> text)
        {
            var holes = new int[text.Count(Hole)];
            var found = 0;
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] == Hole)
                {
                    holes[found++] = i;
                }
            }

            return holes;
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
