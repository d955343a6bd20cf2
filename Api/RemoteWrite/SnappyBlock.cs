using System.Buffers;
using System.Buffers.Binary;

namespace OrleansOrchestrator.Api.RemoteWrite;

/// <summary>
/// Snappy's block format, which remote write asks for. Everything is written as it is (literals): any reader takes
/// that, and who is pushed to is near, or behind something that compresses.
/// </summary>
internal static class SnappyBlock
{
    /// <summary>The tag of a literal whose length, less one, is in the two bytes behind it.</summary>
    private const byte LongLiteral = 61 << 2;

    private const int MaxLiteral = ushort.MaxValue + 1;
    private const int HeadBytes = 3;

    /// <summary>The block of some bytes.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> data)
    {
        var output = new ArrayBufferWriter<byte>(data.Length + (data.Length / 1024) + 16);
        WriteLength(output, (uint)data.Length);
        while (!data.IsEmpty)
        {
            var part = data[..Math.Min(data.Length, MaxLiteral)];
            var head = output.GetSpan(HeadBytes);
            head[0] = LongLiteral;
            BinaryPrimitives.WriteUInt16LittleEndian(head[1..], (ushort)(part.Length - 1));
            output.Advance(HeadBytes);
            output.Write(part);
            data = data[part.Length..];
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Seven bits a byte, low bits first.</summary>
    private static void WriteLength(ArrayBufferWriter<byte> output, uint length)
    {
        for (; length >= 0x80; length >>= 7)
        {
            output.Write([(byte)(length | 0x80)]);
        }

        output.Write([(byte)length]);
    }
}
