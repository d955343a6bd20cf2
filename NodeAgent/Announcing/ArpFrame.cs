using System.Buffers.Binary;
using System.Net;

namespace OrleansOrchestrator.NodeAgent.Announcing;

/// <summary>ARP (RFC 826) over Ethernet for IPv4: who asks for which address, and the answers. Pure.</summary>
public static class ArpFrame
{
    public const ushort EtherType = 0x0806;

    private const int Length = 42;
    private const ushort Request = 1;
    private const ushort Reply = 2;
    private const int OperationAt = 20;
    private const int SenderLinkAt = 22;
    private const int SenderAt = 28;
    private const int TargetLinkAt = 32;
    private const int TargetAt = 38;

    /// <summary>Hardware: Ethernet; protocol: IPv4; lengths of both addresses.</summary>
    private static ReadOnlySpan<byte> Kind => [0, 1, 8, 0, 6, 4];

    /// <summary>The address that a frame asks for; null when it asks for none.</summary>
    public static IPAddress? Asks(ReadOnlySpan<byte> frame) =>
        frame.Length >= Length
        && LinkFrame.EtherType(frame) == EtherType
        && frame[LinkFrame.HeaderLength..OperationAt].SequenceEqual(Kind)
        && BinaryPrimitives.ReadUInt16BigEndian(frame[OperationAt..]) == Request
            ? new IPAddress(frame[TargetAt..Length])
            : null;

    /// <summary>The answer to a frame that asks: the address is at our link address.</summary>
    public static byte[] Answer(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> link)
    {
        var frame = New(asked[SenderLinkAt..SenderAt], link, Reply);
        asked[TargetAt..Length].CopyTo(frame.AsSpan(SenderAt));
        asked[SenderLinkAt..TargetLinkAt].CopyTo(frame.AsSpan(TargetLinkAt));
        return frame;
    }

    /// <summary>Tells everybody, unasked, that an address is at our link address now (RFC 5227, section 3).</summary>
    public static byte[] Announcement(IPAddress address, ReadOnlySpan<byte> link)
    {
        var frame = New(LinkFrame.Broadcast, link, Request);
        address.TryWriteBytes(frame.AsSpan(SenderAt), out _);
        address.TryWriteBytes(frame.AsSpan(TargetAt), out _);
        return frame;
    }

    private static byte[] New(ReadOnlySpan<byte> to, ReadOnlySpan<byte> link, ushort operation)
    {
        var frame = LinkFrame.New(Length, to, link, EtherType);
        Kind.CopyTo(frame.AsSpan(LinkFrame.HeaderLength));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(OperationAt), operation);
        link.CopyTo(frame.AsSpan(SenderLinkAt));
        return frame;
    }
}
