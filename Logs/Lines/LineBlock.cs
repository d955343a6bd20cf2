using System.Buffers;

namespace OrleansOrchestrator.Logs.Lines;

/// <summary>
/// Lines side by side in columns, as they travel and are kept: times, flags, lengths, and all texts in one buffer with
/// a line break after each. Columns of one sort compress far better than lines, and a search looks through all texts at
/// once. A text may hold line breaks of its own (joined lines).
/// </summary>
public sealed class LineBlock
{
    private const byte Break = (byte)'\n';

    private long[] _times = [];
    private LineFlags[] _flags = [];
    private int[] _ends = [];
    private byte[] _text = [];
    private int _textLength;

    public int Count { get; private set; }

    /// <summary>All texts, each with a line break after it.</summary>
    public ReadOnlySpan<byte> AllText => _text.AsSpan(0, _textLength);

    /// <summary>Bytes of the texts with their line breaks.</summary>
    public int TextBytes => _textLength;

    /// <summary>Nanoseconds since 1970.</summary>
    public long Time(int index) => _times[index];

    public LineFlags Flags(int index) => _flags[index];

    public int Start(int index) => index == 0 ? 0 : _ends[index - 1] + 1;

    public ReadOnlySpan<byte> Text(int index) => _text.AsSpan(Start(index).._ends[index]);

    /// <summary>A block that has room for so much before it grows.</summary>
    internal static LineBlock WithRoom(int count, int textBytes) => new()
    {
        _times = new long[count], _flags = new LineFlags[count], _ends = new int[count], _text = new byte[textBytes],
    };

    public void Add(long time, LineFlags flags, ReadOnlySpan<byte> text)
    {
        Reserve(text.Length + 1);
        text.CopyTo(_text.AsSpan(_textLength));
        _textLength += text.Length;
        Finish(time, flags);
    }

    /// <summary>Adds text to the last line, after a line break.</summary>
    public void Join(ReadOnlySpan<byte> text)
    {
        Reserve(text.Length + 1);
        text.CopyTo(_text.AsSpan(_textLength));
        _textLength += text.Length;
        _text[_textLength] = Break;
        _ends[Count - 1] = _textLength++;
    }

    /// <summary>Adds text to the last line, as its direct continuation.</summary>
    public void Append(ReadOnlySpan<byte> text)
    {
        _textLength--;
        Join(text);
    }

    public void SetTime(int index, long time) => _times[index] = time;

    public void SetFlags(int index, LineFlags flags) => _flags[index] = flags;

    /// <summary>Forgets all lines from this one on.</summary>
    public void Truncate(int count)
    {
        _textLength = count == 0 ? 0 : _ends[count - 1] + 1;
        Count = count;
    }

    /// <summary>Copies a range of lines of another block.</summary>
    public void AddRange(LineBlock from, int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            Add(from._times[i], from._flags[i], from.Text(i));
        }
    }

    public void Write(IBufferWriter<byte> output)
    {
        WriteHead(output);
        var start = 0;
        foreach (var end in _ends.AsSpan(0, Count))
        {
            output.WriteNumber((ulong)(end - start));
            start = end + 1;
        }

        output.Write(AllText);
    }

    /// <summary>Writes how many lines there are, and all of them but the texts.</summary>
    internal void WriteHead(IBufferWriter<byte> output)
    {
        output.WriteNumber((ulong)Count);
        var before = 0L;
        foreach (var time in _times.AsSpan(0, Count))
        {
            output.WriteSigned(unchecked(time - before));
            before = time;
        }

        foreach (var flags in _flags.AsSpan(0, Count))
        {
            output.WriteNumber(flags.Bits);
        }
    }

    /// <summary>
    /// Reads what <see cref="Write"/> wrote; throws <see cref="InvalidDataException"/> for anything else. What a node
    /// sends is read with this, so nothing is believed.
    /// </summary>
    public static LineBlock Read(ref ReadOnlySpan<byte> input)
    {
        const int BytesEach = 4;
        var count = ByteCoding.ReadCount(ref input, BytesEach);
        var block = WithRoom(count, 0);
        block.Count = count;
        var time = 0L;
        foreach (ref var each in block._times.AsSpan())
        {
            each = time = unchecked(time + ByteCoding.ReadSigned(ref input));
        }

        foreach (ref var each in block._flags.AsSpan())
        {
            each = new LineFlags((byte)ByteCoding.ReadNumber(ref input));
        }

        block._textLength = ReadEnds(ref input, block._ends);
        block._text = ByteCoding.Take(ref input, block._textLength).ToArray();
        return block;
    }

    private static int ReadEnds(ref ReadOnlySpan<byte> input, int[] ends)
    {
        var length = 0L;
        foreach (ref var end in ends.AsSpan())
        {
            var each = ByteCoding.ReadNumber(ref input);
            if (each > int.MaxValue || length + (long)each >= int.MaxValue)
            {
                throw new InvalidDataException("a line of the block is too long");
            }

            end = (int)(length + (long)each);
            length = end + 1L;
        }

        return (int)length;
    }

    private void Finish(long time, LineFlags flags)
    {
        if (Count == _ends.Length)
        {
            var size = Math.Max(64, Count * 2);
            Array.Resize(ref _times, size);
            Array.Resize(ref _flags, size);
            Array.Resize(ref _ends, size);
        }

        (_times[Count], _flags[Count], _ends[Count]) = (time, flags, _textLength);
        _text[_textLength++] = Break;
        Count++;
    }

    private void Reserve(int more)
    {
        if (_textLength + more > _text.Length)
        {
            Array.Resize(ref _text, Math.Max(_textLength + more, Math.Max(4096, _text.Length * 2)));
        }
    }
}
