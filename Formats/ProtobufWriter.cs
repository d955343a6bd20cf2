using System.Buffers.Binary;
using System.Text;

namespace OrleansOrchestrator.Formats;

/// <summary>
/// Writes fields of messages, one after the other. The length of a nested message is written when it is known: it gets
/// one byte at first, and a longer message moves to make room for more.
/// </summary>
public sealed class ProtobufWriter
{
    private const int LongestVarint = 10;

    private byte[] _buffer = new byte[4096];
    private int _length;

    /// <summary>What has been written.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Memory that is held, written or not.</summary>
    public int Capacity => _buffer.Length;

    /// <summary>How many bytes a number takes.</summary>
    public static int SizeOf(int number)
    {
        var size = 1;
        for (var rest = (uint)number; rest >= 0x80; rest >>= 7)
        {
            size++;
        }

        return size;
    }

    /// <summary>Writes a number at the start of a span.</summary>
    /// <returns>How many bytes it took.</returns>
    public static int Write(Span<byte> target, ulong number)
    {
        var length = 0;
        for (; number >= 0x80; number >>= 7)
        {
            target[length++] = (byte)(number | 0x80);
        }

        target[length++] = (byte)number;
        return length;
    }

    /// <summary>Begins anew.</summary>
    public void Clear() => _length = 0;

    /// <summary>A number, even when it is zero.</summary>
    public ProtobufWriter Number(int field, long value)
    {
        Varint((uint)field << 3);
        Varint(unchecked((ulong)value));
        return this;
    }

    /// <summary>A number of eight bytes.</summary>
    public ProtobufWriter Double(int field, double value)
    {
        Varint(((uint)field << 3) | (uint)WireType.Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(Reserve(sizeof(double)), value);
        _length += sizeof(double);
        return this;
    }

    /// <summary>A whole number that always takes eight bytes.</summary>
    public ProtobufWriter Fixed(int field, long value)
    {
        Varint(((uint)field << 3) | (uint)WireType.Fixed64);
        BinaryPrimitives.WriteInt64LittleEndian(Reserve(sizeof(long)), value);
        _length += sizeof(long);
        return this;
    }

    /// <summary>A truth value; false is left out, as proto3 does.</summary>
    public ProtobufWriter Flag(int field, bool value) => value ? Number(field, 1) : this;

    /// <summary>A run of bytes, even when it is empty.</summary>
    public ProtobufWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field);
        Varint((uint)value.Length);
        value.CopyTo(Reserve(value.Length));
        _length += value.Length;
        return this;
    }

    /// <summary>A text; an empty one is left out, as proto3 does.</summary>
    public ProtobufWriter Text(int field, string? value) =>
        string.IsNullOrEmpty(value) ? this : Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>A list of texts, in which empty ones count.</summary>
    public ProtobufWriter Texts(int field, IEnumerable<string> values)
    {
        foreach (var value in values)
        {
            Bytes(field, Encoding.UTF8.GetBytes(value));
        }

        return this;
    }

    /// <summary>A nested message, present even when it is empty.</summary>
    public ProtobufWriter Message(int field, Action<ProtobufWriter> write)
    {
        var start = Open(field);
        write(this);
        Close(start);
        return this;
    }

    /// <summary>Begins a run of bytes of which the length is not known yet.</summary>
    /// <returns>Where it starts, for <see cref="Close"/>.</returns>
    public int Open(int field)
    {
        Tag(field);
        Reserve(1);
        return ++_length;
    }

    /// <summary>Ends a run of bytes.</summary>
    public void Close(int start)
    {
        var length = _length - start;
        var more = SizeOf(length) - 1;
        if (more > 0)
        {
            Reserve(more);
            _buffer.AsSpan(start, length).CopyTo(_buffer.AsSpan(start + more));
            _length += more;
        }

        Write(_buffer.AsSpan(start - 1), (uint)length);
    }

    /// <summary>Room for bytes, of which <see cref="Advance"/> tells how many were used.</summary>
    public Span<byte> Reserve(int size)
    {
        if (size > _buffer.Length - _length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + size));
        }

        return _buffer.AsSpan(_length);
    }

    public void Advance(int count) => _length += count;

    private void Tag(int field) => Varint(((uint)field << 3) | (uint)WireType.Bytes);

    private void Varint(ulong value) => _length += Write(Reserve(LongestVarint), value);
}
