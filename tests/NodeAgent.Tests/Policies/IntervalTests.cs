using CsCheck;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.NodeAgent.Policies;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

public sealed class IntervalTests
{
    private const uint Numbers = 24;

    // Small numbers, and the last ones that there are.
    private static readonly Gen<UInt128> AnyNumber = Gen.Select(
        Gen.UInt[0, Numbers / 2], Gen.Bool, static (n, isLast) => isLast ? UInt128.MaxValue - n : n);

    private static readonly Gen<Interval> AnyInterval = Gen.Select(
        AnyNumber, AnyNumber, static (a, b) => new Interval(UInt128.Min(a, b), UInt128.Max(a, b)));

    [Fact]
    public void Merged_intervals_hold_the_same_numbers_in_order_and_apart() => AnyInterval.List[0, 6].Check(
        static intervals =>
        {
            var merged = Interval.Merge(intervals);
            Assert.All(All(), n => Assert.Equal(Holds(intervals, n), Holds(merged, n)));
            Assert.All(merged.Zip(merged.Skip(1)), static p => Assert.True(p.Second.First - p.First.Last > 1));
        },
        cases: 2000);

    [Fact]
    public void What_is_taken_out_is_out_and_nothing_else() => Gen.Select(AnyInterval, AnyInterval.List[0, 5]).Check(
        static (whole, others) =>
        {
            var left = whole.Without(others);
            Assert.All(All(), n => Assert.Equal(Holds([whole], n) && !Holds(others, n), Holds(left, n)));
            Assert.All(left, static i => Assert.True(i.First <= i.Last));
        },
        cases: 2000);

    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0-10.255.255.255")]
    [InlineData("10.1.2.3/8", "10.0.0.0-10.255.255.255")]
    [InlineData("010.001.002.003/32", "10.1.2.3")]
    [InlineData("0.0.0.0/0", "0.0.0.0-255.255.255.255")]
    [InlineData("255.255.255.254/31", "255.255.255.254-255.255.255.255")]
    public void A_network_is_its_first_and_last_address(string network, string addresses) =>
        Assert.Equal(addresses, Interval.OfNetwork(network, IpFamily.Four)?.ToAddresses(IpFamily.Four));

    [Theory]
    [InlineData("2001:db8::5/32", "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("FD00::1/128", "fd00::1")]
    [InlineData("::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("fd00::fffe/127", "fd00::fffe-fd00::ffff")]
    public void A_network_of_ipv6_is_its_first_and_last_address(string network, string addresses) =>
        Assert.Equal(addresses, Interval.OfNetwork(network, IpFamily.Six)?.ToAddresses(IpFamily.Six));

    [Fact]
    public void All_addresses_are_the_network_of_no_bits()
    {
        Assert.Equal(Interval.AllAddresses(IpFamily.Four), Interval.OfNetwork("0.0.0.0/0", IpFamily.Four));
        Assert.Equal(Interval.AllAddresses(IpFamily.Six), Interval.OfNetwork("::/0", IpFamily.Six));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("2001:db8::")]
    [InlineData("2001:db8::/129")]
    [InlineData("2001:db8::g/64")]
    [InlineData("10.0.0.0/8")]
    public void What_is_no_network_of_ipv6_is_none(string? network) =>
        Assert.Null(Interval.OfNetwork(network, IpFamily.Six));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0/8")]
    [InlineData("10.0.0.256/8")]
    [InlineData("10.0.0.+1/8")]
    [InlineData("2001:db8::/32")]
    public void What_is_no_network_of_ipv4_is_none(string? network) =>
        Assert.Null(Interval.OfNetwork(network, IpFamily.Four));

    private static IEnumerable<UInt128> All() =>
        Enumerable.Range(0, (int)Numbers).SelectMany(static n => (UInt128[])[(uint)n, UInt128.MaxValue - (uint)n]);

    private static bool Holds(IEnumerable<Interval> intervals, UInt128 number) =>
        intervals.Any(i => i.First <= number && number <= i.Last);
}
