using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Export;

/// <summary>The little of protobuf's encoding that messages of logs need.</summary>
internal sealed class ProtoWriter
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Bytes = 2;
    private const int WireBits = 3;

    private readonly ArrayBufferWriter<byte> _output = new();

    public ReadOnlySpan<byte> Written => _output.WrittenSpan;

    public void Number(int field, ulong value)
    {
        Tag(field, Varint);
        _output.WriteNumber(value);
    }

    public void Time(int field, long nanoseconds)
    {
        Tag(field, Fixed64);
        BinaryPrimitives.WriteInt64LittleEndian(_output.GetSpan(sizeof(long)), nanoseconds);
        _output.Advance(sizeof(long));
    }

    public void Text(int field, string value) => Message(field, Encoding.UTF8.GetBytes(value));

    public void Message(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, Bytes);
        _output.WriteNumber((ulong)value.Length);
        _output.Write(value);
    }

    public void Message(int field, Action<ProtoWriter> write)
    {
        var inner = new ProtoWriter();
        write(inner);
        Message(field, inner.Written);
    }

    private void Tag(int field, int wire) => _output.WriteNumber((ulong)((field << WireBits) | wire));
}
