using System.Buffers.Binary;

namespace OrleansOrchestrator.NodeAgent.Announcing;

/// <summary>The head of an Ethernet frame. Pure.</summary>
internal static class LinkFrame
{
    public const int HeaderLength = 14;

    /// <summary>Length of a link address.</summary>
    public const int AddressLength = 6;

    private const int EtherTypeAt = 12;

    public static ReadOnlySpan<byte> Broadcast => [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    public static ushort EtherType(ReadOnlySpan<byte> frame) =>
        BinaryPrimitives.ReadUInt16BigEndian(frame[EtherTypeAt..]);

    public static byte[] New(int length, ReadOnlySpan<byte> to, ReadOnlySpan<byte> from, ushort etherType)
    {
        var frame = new byte[length];
        to.CopyTo(frame);
        from.CopyTo(frame.AsSpan(AddressLength));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(EtherTypeAt), etherType);
        return frame;
    }
}
