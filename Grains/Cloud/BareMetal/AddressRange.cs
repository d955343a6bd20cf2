using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.Grains.Cloud.BareMetal;

/// <summary>Addresses from one to another, both included, of one family.</summary>
public readonly record struct AddressRange
{
    private const int Bits4 = 32;
    private const int Bits6 = 128;

    private AddressRange(UInt128 first, UInt128 last, bool isIPv6) => (First, Last, IsIPv6) = (first, last, isIPv6);

    public UInt128 First { get; }

    public UInt128 Last { get; }

    public bool IsIPv6 { get; }

    /// <summary><c>IPv4</c> or <c>IPv6</c>, as Services say it.</summary>
    public string Family => IsIPv6 ? "IPv6" : "IPv4";

    /// <summary>
    /// All addresses of <c>ADDRESS/BITS</c>, of <c>FIRST-LAST</c>, or one; null when it is none of those.
    /// </summary>
    public static AddressRange? Parse(string text)
    {
        if (text.Contains('/', StringComparison.Ordinal))
        {
            return IPNetwork.TryParse(text, out var network) ? OfNetwork(network) : null;
        }

        var ends = text.Split('-');
        return ends.Length <= 2
            && IPAddress.TryParse(ends[0], out var first) && IPAddress.TryParse(ends[^1], out var last)
            && first.AddressFamily == last.AddressFamily && Number(first) <= Number(last)
            ? new AddressRange(Number(first), Number(last), IsSix(first))
            : null;
    }

    public bool Contains(IPAddress address) =>
        IsSix(address) == IsIPv6 && Number(address) is var number && number >= First && number <= Last;

    /// <summary>The first address that is not taken; null when all are.</summary>
    public IPAddress? FirstFree(Predicate<IPAddress> isTaken)
    {
        for (var number = First; ; number++)
        {
            var address = Address(number);
            if (!isTaken(address))
            {
                return address;
            }

            if (number == Last)
            {
                return null;
            }
        }
    }

    private static AddressRange OfNetwork(IPNetwork network)
    {
        var isSix = IsSix(network.BaseAddress);
        var free = (isSix ? Bits6 : Bits4) - network.PrefixLength;
        var first = Number(network.BaseAddress);
        var size = free == Bits6 ? UInt128.MaxValue : (UInt128.One << free) - 1;
        return new AddressRange(first, first + size, isSix);
    }

    private static bool IsSix(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    private static UInt128 Number(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return bytes.Length == sizeof(uint)
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private IPAddress Address(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[Bits6 / 8];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(IsIPv6 ? bytes : bytes[^sizeof(uint)..]);
    }
}
