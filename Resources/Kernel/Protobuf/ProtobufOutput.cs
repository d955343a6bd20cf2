using System.Buffers;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>The parts of messages that are put together from bytes that are there already.</summary>
public static class ProtobufOutput
{
    /// <summary>How long a field is whose value has a length.</summary>
    public static int FieldSize(int length) => 1 + ProtobufWriter.SizeOf(length) + length;

    /// <summary>Writes the number and length of a field whose value follows; the number is below 16.</summary>
    public static void WriteFieldHead(this IBufferWriter<byte> output, int field, int length)
    {
        var head = output.GetSpan(1 + sizeof(ulong));
        head[0] = (byte)((field << 3) | (int)WireType.Bytes);
        output.Advance(1 + ProtobufWriter.Write(head[1..], (uint)length));
    }

    /// <summary>The first field of a message, whole.</summary>
    public static ReadOnlyMemory<byte> FirstField(ReadOnlyMemory<byte> message)
    {
        var reader = new ProtobufReader(message.Span);
        reader.Read();
        return message[..reader.Position];
    }

    /// <summary>Writes a number.</summary>
    public static void WriteVarint(this IBufferWriter<byte> output, int number) =>
        output.Advance(ProtobufWriter.Write(output.GetSpan(sizeof(ulong)), (uint)number));
}
