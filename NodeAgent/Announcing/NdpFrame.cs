using System.Buffers.Binary;
using System.Net;

namespace OrleansOrchestrator.NodeAgent.Announcing;

/// <summary>
/// Neighbour discovery (RFC 4861) over Ethernet: who solicits which IPv6 address, and the advertisements. Pure.
/// </summary>
public static class NdpFrame
{
    public const ushort EtherType = 0x86dd;

    private const int AddressLength = 16;
    private const int PayloadLengthAt = 18;
    private const int NextHeaderAt = 20;
    private const int HopLimitAt = 21;
    private const int SourceAt = 22;
    private const int DestinationAt = 38;
    private const int MessageAt = 54;
    private const int ChecksumAt = MessageAt + 2;
    private const int FlagsAt = MessageAt + 4;
    private const int TargetAt = MessageAt + 8;
    private const int OptionAt = TargetAt + AddressLength;
    private const int Length = OptionAt + 8;

    private const byte Icmp = 58;
    private const byte HopLimit = 255;
    private const byte Solicitation = 135;
    private const byte Advertisement = 136;
    private const byte TargetLinkOption = 2;
    private const byte Solicited = 0x40;
    private const byte Override = 0x20;

    /// <summary>All nodes of the link, as an address and as a link address.</summary>
    private static readonly IPAddress AllNodes = IPAddress.Parse("ff02::1");

    private static ReadOnlySpan<byte> AllNodesLink => [0x33, 0x33, 0, 0, 0, 1];

    /// <summary>The address that a frame solicits; null when it solicits none.</summary>
    public static IPAddress? Asks(ReadOnlySpan<byte> frame) =>
        frame.Length >= OptionAt
        && LinkFrame.EtherType(frame) == EtherType
        && frame[NextHeaderAt] == Icmp && frame[HopLimitAt] == HopLimit && frame[MessageAt] == Solicitation
        && BinaryPrimitives.ReadUInt16BigEndian(frame[PayloadLengthAt..]) is var payload
        && payload >= OptionAt - MessageAt && frame.Length >= MessageAt + payload
        && Checksum(frame[..(MessageAt + payload)]) == 0
            ? new IPAddress(frame[TargetAt..OptionAt])
            : null;

    /// <summary>
    /// The answer to a solicitation. Who has no address yet, and asks whether this one is free, is told together with
    /// everybody.
    /// </summary>
    public static byte[] Answer(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> link)
    {
        var target = new IPAddress(asked[TargetAt..OptionAt]);
        var asker = new IPAddress(asked[SourceAt..DestinationAt]);
        return asker.Equals(IPAddress.IPv6Any)
            ? Announcement(target, link)
            : New(asked[LinkFrame.AddressLength..(2 * LinkFrame.AddressLength)], asker, target, link,
                Solicited | Override);
    }

    /// <summary>Tells everybody, unasked, that an address is at our link address now.</summary>
    public static byte[] Announcement(IPAddress address, ReadOnlySpan<byte> link) =>
        New(AllNodesLink, AllNodes, address, link, Override);

    private static byte[] New(
        ReadOnlySpan<byte> toLink, IPAddress to, IPAddress target, ReadOnlySpan<byte> link, byte flags)
    {
        var frame = LinkFrame.New(Length, toLink, link, EtherType);
        var span = frame.AsSpan();
        span[LinkFrame.HeaderLength] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(span[PayloadLengthAt..], Length - MessageAt);
        (span[NextHeaderAt], span[HopLimitAt], span[MessageAt], span[FlagsAt]) = (Icmp, HopLimit, Advertisement, flags);
        target.TryWriteBytes(span[SourceAt..], out _);
        to.TryWriteBytes(span[DestinationAt..], out _);
        target.TryWriteBytes(span[TargetAt..], out _);
        (span[OptionAt], span[OptionAt + 1]) = (TargetLinkOption, 1);
        link.CopyTo(span[(OptionAt + 2)..]);
        BinaryPrimitives.WriteUInt16BigEndian(span[ChecksumAt..], Checksum(frame));
        return frame;
    }

    /// <summary>
    /// ICMPv6's checksum of a frame that holds 0 in its place; 0 for one that holds the right one.
    /// </summary>
    private static ushort Checksum(ReadOnlySpan<byte> frame)
    {
        var sum = (uint)Icmp + (uint)(frame.Length - MessageAt);
        for (var at = SourceAt; at < frame.Length; at += 2)
        {
            sum += at + 1 < frame.Length ? BinaryPrimitives.ReadUInt16BigEndian(frame[at..]) : (uint)frame[at] << 8;
        }

        while (sum > ushort.MaxValue)
        {
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
