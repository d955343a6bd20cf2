using System.Buffers;
using System.Text;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>Writes what <see cref="ProtobufEnvelope"/> reads, around the messages of one kind.</summary>
public sealed class EnvelopeWriter
{
    private readonly byte[] _head;

    public EnvelopeWriter(string apiVersion, string kind)
    {
        var head = new ProtobufWriter().Message(
            1, type => type.Bytes(1, Encoding.UTF8.GetBytes(apiVersion)).Bytes(2, Encoding.UTF8.GetBytes(kind)));
        _head = [.. ProtobufEnvelope.Magic, .. head.Written, (2 << 3) | (byte)WireType.Bytes];
    }

    /// <summary>Encoding (3) and type (4) of the message, both empty: it is protobuf.</summary>
    private static ReadOnlySpan<byte> Tail => [0x1a, 0, 0x22, 0];

    /// <summary>How long a message is with its envelope.</summary>
    public int SizeOf(int length) => _head.Length + ProtobufWriter.SizeOf(length) + length + Tail.Length;

    /// <summary>Writes what comes before a message.</summary>
    public void WriteHead(IBufferWriter<byte> output, int length)
    {
        output.Write(_head);
        output.WriteVarint(length);
    }

    /// <summary>Writes what comes after a message.</summary>
    public static void WriteTail(IBufferWriter<byte> output) => output.Write(Tail);

    /// <summary>Writes a whole message.</summary>
    public void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> message)
    {
        WriteHead(output, message.Length);
        output.Write(message);
        WriteTail(output);
    }
}
