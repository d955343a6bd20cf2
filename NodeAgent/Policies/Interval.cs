using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>Numbers from one to another, both included: ports, or addresses as numbers.</summary>
public readonly record struct Interval(UInt128 First, UInt128 Last)
{
    private const int MostBytes = 16;

    /// <summary>Every address of a family.</summary>
    public static Interval AllAddresses(IpFamily family) => new(0, Ones(family.Bits));

    /// <summary>The same numbers as intervals that neither overlap nor touch, in order.</summary>
    public static IReadOnlyList<Interval> Merge(IEnumerable<Interval> intervals)
    {
        var merged = new List<Interval>();
        foreach (var next in intervals.OrderBy(static i => i.First))
        {
            if (merged is [.., var last] && (last.Last == UInt128.MaxValue || next.First <= last.Last + 1))
            {
                merged[^1] = last with { Last = UInt128.Max(last.Last, next.Last) };
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
        var (from, last) = (First, Last);
        foreach (var other in Merge(others).Where(o => o.Last >= from && o.First <= last))
        {
            if (other.First > from)
            {
                left.Add(new Interval(from, other.First - 1));
            }

            if (other.Last >= last)
            {
                return left;
            }

            from = other.Last + 1;
        }

        left.Add(new Interval(from, last));
        return left;
    }

    /// <summary>
    /// The addresses of a network as the API takes it: bits beyond the prefix, and zeros before a number of IPv4, may
    /// be there. Null for what is none of the family.
    /// </summary>
    public static Interval? OfNetwork(string? text, IpFamily family)
    {
        if (text is null || NetworkRules.NetworkOf(text) is not { } network || !family.Has(network.BaseAddress))
        {
            return null;
        }

        var first = Number(network.BaseAddress, family);
        return new Interval(first, first | Ones(family.Bits - network.PrefixLength));
    }

    /// <summary>As addresses, in nft's words.</summary>
    public string ToAddresses(IpFamily family) =>
        First == Last ? Address(First, family) : $"{Address(First, family)}-{Address(Last, family)}";

    /// <summary>As numbers, in nft's words.</summary>
    public override string ToString() => First == Last
        ? First.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");

    private static UInt128 Number(IPAddress address, IpFamily family)
    {
        Span<byte> bytes = stackalloc byte[MostBytes];
        bytes.Clear();
        address.TryWriteBytes(bytes[^(family.Bits / 8)..], out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static string Address(UInt128 value, IpFamily family)
    {
        Span<byte> bytes = stackalloc byte[MostBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return new IPAddress(bytes[^(family.Bits / 8)..]).ToString();
    }

    // Shifting by all bits would shift by none.
    private static UInt128 Ones(int bits) => bits == 0 ? 0 : UInt128.MaxValue >> (128 - bits);
}
