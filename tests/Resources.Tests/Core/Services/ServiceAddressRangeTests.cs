using OrleansOrchestrator.Resources.Core.Services;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Services;

public sealed class ServiceAddressRangeTests
{
    [Theory]
    [InlineData("10.96.0.0/28", 15, "10.96.0.1", "10.96.0.14")]
    [InlineData("fd00:10:96::/124", 16, "fd00:10:96::1", "fd00:10:96::f")]
    [InlineData("10.96.77.5/16", 65535, "10.96.0.1", "10.96.255.254")]
    [InlineData("fd00:10:96::/112", 65536, "fd00:10:96::1", "fd00:10:96::ffff")]
    public void The_first_and_last_address_that_are_given(string cidr, long end, string first, string last)
    {
        var range = Range(cidr);
        Assert.Equal((end, first, last), (range.EndOffset, range.ApiAddress, range.ToAddress(range.EndOffset - 1)));
        Assert.True(range.Contains(first) && range.Contains(last));
        Assert.False(range.Contains(range.ToAddress(0)) || range.Contains(range.ToAddress(end)));
    }

    [Theory]
    [InlineData("10.96.0.0/16", "10.97.0.1")]
    [InlineData("10.96.0.0/16", "fd00::1")]
    [InlineData("10.96.0.0/16", "None")]
    [InlineData("fd00:10:96::/112", "10.96.0.1")]
    public void What_is_not_in_it(string cidr, string address) => Assert.False(Range(cidr).Contains(address));

    [Theory]
    [InlineData("10.96.0.0/28", 15)]
    [InlineData("10.96.0.0/24", 17)]
    [InlineData("10.96.0.0/16", 257)]
    [InlineData("fd00::/124", 15)]
    [InlineData("fd00::/112", 257)]
    [InlineData("fd00::/64", 257)]
    public void Low_addresses_are_given_last(string cidr, long first) =>
        Assert.Equal(first, Range(cidr).DynamicIpStart);

    [Fact]
    public void Two_ranges_are_of_both_families()
    {
        var range = Range("10.96.0.0/16,fd00:10:96::/112");
        Assert.Equal(["10.96.0.0/16", "fd00:10:96::/112"], range.Cidrs);
        Assert.Equal(("IPv4", "IPv6"), (range.Family, range.Secondary!.Family));
        Assert.Same(range, range.OfFamily("IPv4"));
        Assert.Same(range.Secondary, range.OfFamily("IPv6"));
        Assert.Null(Range("10.96.0.0/16").OfFamily("IPv6"));
        Assert.Equal("fd00:7::/64", range.Further("fd00:7::9/64")?.Cidr);
        Assert.Null(Range("10.96.0.0/16").Further("fd00:7::/64"));
        Assert.Null(range.Further("fd00:7::/48"));
    }

    [Theory]
    [InlineData("10.96.0.0")]
    [InlineData("10.96.0.0/8")]
    [InlineData("fd00::/48")]
    [InlineData("10.96.0.0/16,10.97.0.0/16")]
    [InlineData("10.96.0.0/16,fd00::/112,fd01::/112")]
    [InlineData("10.96.0.0/16,")]
    public void What_is_no_range_is_refused(string cidrs) => Assert.Throws<ArgumentException>(() => Range(cidrs));

    private static ServiceAddressRange Range(string cidrs) => new(cidrs, 30000, 32767);
}
