using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>Numbers from one to another, both included: ports, or addresses of IPv4 as numbers.</summary>
public readonly record struct Interval(uint First, uint Last)
{
    private const int AddressBits = 32;
    private const int Octets = 4;

    /// <summary>Every address.</summary>
    public static Interval AllAddresses { get; } = new(0, uint.MaxValue);

    /// <summary>The same numbers as intervals that neither overlap nor touch, in order.</summary>
    public static IReadOnlyList<Interval> Merge(IEnumerable<Interval> intervals)
    {
        var merged = new List<Interval>();
        foreach (var next in intervals.OrderBy(static i => i.First))
        {
            if (merged is [.., var last] && (last.Last == uint.MaxValue || next.First <= last.Last + 1))
            {
                merged[^1] = last with { Last = Math.Max(last.Last, next.Last) };
            }
            else
            {
                merged.Add(next);
            }
        }

        return merged;
    }

    /// <summary>What is left when others are taken out.</summary>
    public IReadOnlyList<Interval> Without(IEnumerable<Interval> others)
    {
        var left = new List<Interval>();
        var (first, last) = (First, Last);
        var from = (ulong)first;
        foreach (var other in Merge(others).Where(o => o.Last >= first && o.First <= last))
        {
            if (other.First > from)
            {
                left.Add(new Interval((uint)from, other.First - 1));
            }

            from = (ulong)other.Last + 1;
        }

        if (from <= last)
        {
            left.Add(this with { First = (uint)from });
        }

        return left;
    }

    /// <summary>
    /// The addresses of an IPv4 network as the API takes it: bits beyond the prefix, and zeros before a number, may be
    /// there. Null for what is none, such as one of IPv6.
    /// </summary>
    public static Interval? OfNetwork(string? text)
    {
        if (text?.Split('/') is not [var address, var length] || Number(length, AddressBits) is not { } bits ||
            address.Split('.') is not { Length: Octets } octets)
        {
            return null;
        }

        uint value = 0;
        foreach (var octet in octets)
        {
            if (Number(octet, byte.MaxValue) is not { } number)
            {
                return null;
            }

            value = (value << 8) | number;
        }

        var host = bits == 0 ? uint.MaxValue : (1u << (AddressBits - (int)bits)) - 1;
        return new Interval(value & ~host, value | host);
    }

    /// <summary>An address as a number; null for one of another family.</summary>
    public static uint? OfAddress(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes())
        : null;

    /// <summary>As addresses, in nft's words.</summary>
    public string ToAddresses() => First == Last ? Address(First) : $"{Address(First)}-{Address(Last)}";

    /// <summary>As numbers, in nft's words.</summary>
    public override string ToString() => First == Last
        ? First.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");

    private static string Address(uint value) => new IPAddress(
        [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value]).ToString();

    private static uint? Number(string text, int most) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number
            : null;
}
