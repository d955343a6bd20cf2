using System.Buffers;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Segments;

/// <summary>
/// A segment as it is stored, opened to be looked through. Of most lines that are searched nothing is wanted: so times,
/// flags and texts stay in their columns until somebody asks, and what a text must have is looked for in the columns
/// themselves (<see cref="StoredShape"/>). Its memory is lent: what it returned is gone when it is disposed.
/// </summary>
/// <remarks>
/// Each line has a place of its own: those whose texts are kept as they are come first, then those of each shape, each
/// in the order of lines.
/// </remarks>
internal sealed class StoredSegment : IDisposable
{
    /// <summary>What reading one may take: text, and what else is known of each line.</summary>
    private const int MaxBytes = 64 * 1024 * 1024;

    private readonly byte[] _data;
    private readonly int _timesAt;
    private readonly int _flagsAt;
    private readonly StoredTexts _plain;
    private readonly StoredShape[] _shapes;

    /// <summary>Of each line: 0 for a text that is kept as it is, else the number of its shape from 1.</summary>
    private readonly int[] _codes;
    private int[]? _places;
    private long[]? _times;
    private LineFlags[]? _flags;
    private byte[] _line = [];

    private StoredSegment(byte[] data, int length)
    {
        _data = data;
        ReadOnlySpan<byte> input = data.AsSpan(0, length);
        var version = ByteCoding.Take(ref input, 1)[0];
        if (version is not (LogSegment.PlainTexts or LogSegment.Columns))
        {
            throw new InvalidDataException("a newer release wrote this segment of logs");
        }

        Runs = ReadRuns(ref input, out var total);
        Count = ByteCoding.ReadCount(ref input, bytesEach: 3);
        if (total != Count)
        {
            throw new InvalidDataException($"{total} lines in the runs of a segment that has {Count}");
        }

        _timesAt = length - input.Length;
        ByteCoding.SkipNumbers(ref input, Count);
        _flagsAt = length - input.Length;
        ByteCoding.SkipNumbers(ref input, Count);
        _codes = ArrayPool<int>.Shared.Rent(Count);
        if (version == LogSegment.PlainTexts)
        {
            Array.Clear(_codes, 0, Count);
            _plain = StoredTexts.Read(data, ref input, length, Count, gap: 1);
            _shapes = [];
        }
        else
        {
            var shapes = StoredTexts.Read(data, ref input, length);
            _plain = StoredTexts.Read(data, ref input, length);
            _shapes = ReadShapes(shapes, ref input, length);
        }

        TextBytes = _plain.Bytes + _shapes.Sum(static s => (long)s.Length * s.Count) + Count;
        if (TextBytes > MaxBytes)
        {
            throw new InvalidDataException($"the texts of a segment have more than {MaxBytes} bytes");
        }
    }

    public IReadOnlyList<SegmentRun> Runs { get; }

    public int Count { get; }

    /// <summary>Bytes of the texts with their line breaks.</summary>
    public long TextBytes { get; }

    /// <summary>Throws <see cref="InvalidDataException"/> for what is no segment.</summary>
    public static StoredSegment Open(ReadOnlySpan<byte> body)
    {
        var size = Zstd.SizeOf(body, MaxBytes);
        var data = ArrayPool<byte>.Shared.Rent(size);
        Zstd.Decompress(body, data.AsSpan(0, size));
        return new StoredSegment(data, size);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_data);
        ArrayPool<int>.Shared.Return(_codes);
    }

    /// <summary>Nanoseconds since 1970.</summary>
    public long Time(int line) => (_times ??= ReadTimes())[line];

    public LineFlags Flags(int line) => (_flags ??= ReadFlags())[line];

    /// <summary>A line's text, until the next one is asked for.</summary>
    public ReadOnlySpan<byte> Text(int line)
    {
        var (code, place) = (_codes[line], (_places ??= FindPlaces())[line]);
        if (code == 0)
        {
            return _plain[place];
        }

        var shape = _shapes[code - 1];
        if (_line.Length < shape.Length)
        {
            _line = new byte[shape.Length];
        }

        shape.Restore(place - shape.FirstPlace, _line);
        return _line.AsSpan(0, shape.Length);
    }

    /// <summary>
    /// Lines that may have one of these sequences, in their order; whoever asks looks at them. All lines when there is
    /// no sequence.
    /// </summary>
    public IReadOnlyList<int> Candidates(IReadOnlyList<ByteSequence> sequences)
    {
        if (sequences.Count == 0)
        {
            return [.. Enumerable.Range(0, Count)];
        }

        var rented = ArrayPool<byte>.Shared.Rent(Count);
        var marks = rented.AsSpan(0, Count);
        marks.Clear();
        _plain.Mark(sequences, marks);
        foreach (var shape in _shapes)
        {
            shape.Mark(sequences, marks.Slice(shape.FirstPlace, shape.Count));
        }

        var found = new List<int>();
        if (marks.ContainsAnyExcept((byte)0))
        {
            _places ??= FindPlaces();
            for (var line = 0; line < Count; line++)
            {
                if (marks[_places[line]] != 0)
                {
                    found.Add(line);
                }
            }
        }

        ArrayPool<byte>.Shared.Return(rented);
        return found;
    }

    private static SegmentRun[] ReadRuns(ref ReadOnlySpan<byte> input, out long total)
    {
        var runs = new SegmentRun[ByteCoding.ReadCount(ref input, bytesEach: 3)];
        total = 0;
        foreach (ref var run in runs.AsSpan())
        {
            run = new SegmentRun(
                ByteCoding.ReadSigned(ref input),
                ByteCoding.ReadSigned(ref input),
                (int)Math.Min(int.MaxValue, ByteCoding.ReadNumber(ref input)));
            total += run.Count;
        }

        return runs;
    }

    private StoredShape[] ReadShapes(StoredTexts texts, ref ReadOnlySpan<byte> input, int length)
    {
        var counts = new int[texts.Count + 1];
        foreach (ref var code in _codes.AsSpan(0, Count))
        {
            var number = ByteCoding.ReadNumber(ref input);
            if (number > (ulong)texts.Count)
            {
                throw new InvalidDataException("a line of the segment has no text");
            }

            code = (int)number;
            counts[code]++;
        }

        if (counts[0] != _plain.Count)
        {
            throw new InvalidDataException($"{_plain.Count} texts for {counts[0]} lines of the segment");
        }

        var (shapes, place) = (new StoredShape[texts.Count], counts[0]);
        for (var i = 0; i < shapes.Length; i++)
        {
            var columns = length - input.Length;
            shapes[i] = new StoredShape(_data, texts.At(i), columns, place, counts[i + 1]);
            ByteCoding.Take(ref input, shapes[i].ColumnBytes);
            place += counts[i + 1];
        }

        return shapes;
    }

    private int[] FindPlaces()
    {
        var next = new int[_shapes.Length + 1];
        for (var i = 0; i < _shapes.Length; i++)
        {
            next[i + 1] = _shapes[i].FirstPlace;
        }

        var places = new int[Count];
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = next[_codes[i]]++;
        }

        return places;
    }

    private long[] ReadTimes()
    {
        ReadOnlySpan<byte> input = _data.AsSpan(_timesAt, _flagsAt - _timesAt);
        var times = new long[Count];
        var time = 0L;
        foreach (ref var each in times.AsSpan())
        {
            each = time = unchecked(time + ByteCoding.ReadSigned(ref input));
        }

        return times;
    }

    private LineFlags[] ReadFlags()
    {
        ReadOnlySpan<byte> input = _data.AsSpan(_flagsAt);
        var flags = new LineFlags[Count];
        foreach (ref var each in flags.AsSpan())
        {
            each = new LineFlags((byte)ByteCoding.ReadNumber(ref input));
        }

        return flags;
    }
}
