using k8s.Models;
using OrleansOrchestrator.Grains.Discovery;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Discovery;

/// <summary>Subsets as <c>PORTS=ADDRESSES</c>, each address with its state and perhaps whose it is.</summary>
public sealed class SubsetPackingTests
{
    /// <summary>Most are upstream's <c>TestPackSubsets</c>.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("111=", "")]
    [InlineData("=1.2.3.4+", "=1.2.3.4+")]
    [InlineData("111=1.2.3.4+", "111=1.2.3.4+")]
    [InlineData("111=1.2.3.4-", "111=1.2.3.4-")]
    [InlineData("111=1.2.3.4+,1.2.3.4+", "111=1.2.3.4+")]
    [InlineData("111=1.2.3.4+,1.2.3.4+u2", "111=1.2.3.4+,1.2.3.4+u2")]
    [InlineData("111=1.2.3.4+ 111=1.2.3.4+", "111=1.2.3.4+")]
    [InlineData("111=1.2.3.4+ 222=1.2.3.4+", "111,222=1.2.3.4+")]
    [InlineData("111=1.2.3.4+ 222=1.2.3.4-", "111=1.2.3.4+ 222=1.2.3.4-")]
    [InlineData("111=1.2.3.4+ 222=5.6.7.8+", "111=1.2.3.4+ 222=5.6.7.8+")]
    [InlineData("111=1.2.3.4+u1 222=1.2.3.4+u2", "111=1.2.3.4+u1 222=1.2.3.4+u2")]
    [InlineData("111=1.2.3.4+ 111=1.2.3.4-", "111=1.2.3.4-")]
    [InlineData("111=1.2.3.4- 111=1.2.3.4+", "111=1.2.3.4-")]
    [InlineData("111=5.6.7.8+,1.2.3.4- 111=1.2.3.10+", "111=1.2.3.10+,5.6.7.8+,1.2.3.4-")]
    [InlineData("111,222=1.2.3.4+ 222=5.6.7.8+", "111=1.2.3.4+ 222=1.2.3.4+,5.6.7.8+")]
    [InlineData("=1.2.3.4+ 111=1.2.3.4+", "111=1.2.3.4+")]
    [InlineData("111,222,333=1.2.3.4+ 222=1.2.3.4+", "111,222,333=1.2.3.4+")]
    public void Each_port_is_asked_for_who_offers_it(string subsets, string packed) =>
        Assert.Equal(packed, string.Join(' ', SubsetPacking.Pack(Read(subsets)).Select(Show)));

    [Fact]
    public void Many_ports_of_many_addresses_take_the_room_of_their_sum()
    {
        const int many = 2000;
        var ports = string.Join(',', Enumerable.Range(1, many));
        var addresses = string.Join(',', Enumerable.Range(0, many).Select(i => $"1.2.{i / 250}.{i % 250}+"));
        var subsets = Read($"{ports}={addresses} 1=1.2.3.4-").ToList();
        var before = GC.GetAllocatedBytesForCurrentThread();

        var packed = SubsetPacking.Pack(subsets);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, many * 2 * 4096);
        Assert.Equal([1, many - 1], packed.Select(p => p.Ports.Count));
        Assert.Equal([many - 1, many], packed.Select(p => p.Addresses.Count));
        Assert.Equal("1.2.3.4", Assert.Single(packed[0].NotReadyAddresses).Ip);
    }

    [Fact]
    public void Who_offers_a_port_is_looked_up_once_for_all_ports_of_the_same_subsets()
    {
        const int many = 100;
        var ports = string.Join(',', Enumerable.Range(1, many));
        var comparer = new CountingComparer();

        var packed = SubsetPacking.Pack(Read($"{ports}=1.2.3.4+,5.6.7.8+ 1=1.2.3.4-"), comparer);

        Assert.Equal([1, many - 1], packed.Select(p => p.Ports.Count));

        // Two sorts of ports, each looked for and then added.
        Assert.InRange(comparer.Hashes, 2, 4);
    }

    private static IEnumerable<V1EndpointSubset> Read(string subsets)
    {
        foreach (var parts in subsets.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => s.Split('=')))
        {
            var addresses = parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries)
                .ToLookup(a => a.Contains('+', StringComparison.Ordinal), Address);
            yield return new V1EndpointSubset
            {
                Addresses = [.. addresses[true]],
                NotReadyAddresses = [.. addresses[false]],
                Ports =
                [
                    .. parts[0].Split(',', StringSplitOptions.RemoveEmptyEntries)
                        .Select(p => new Corev1EndpointPort { Port = int.Parse(p, null), Protocol = "TCP" }),
                ],
            };
        }
    }

    private static V1EndpointAddress Address(string text)
    {
        var parts = text.Split('+', '-');
        return new V1EndpointAddress
        {
            Ip = parts[0], TargetRef = parts[1].Length == 0 ? null : new V1ObjectReference { Uid = parts[1] },
        };
    }

    private static string Show(V1EndpointSubset subset)
    {
        var ports = string.Join(',', (subset.Ports ?? []).Select(p => p.Port));
        var addresses = (subset.Addresses ?? []).Select(a => $"{a.Ip}+{a.TargetRef?.Uid}")
            .Concat((subset.NotReadyAddresses ?? []).Select(a => $"{a.Ip}-{a.TargetRef?.Uid}"));
        return $"{ports}={string.Join(',', addresses)}";
    }

    private sealed class CountingComparer : IEqualityComparer<string>
    {
        public int Hashes { get; private set; }

        public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

        public int GetHashCode(string obj)
        {
            Hashes++;
            return obj.GetHashCode(StringComparison.Ordinal);
        }
    }
}
