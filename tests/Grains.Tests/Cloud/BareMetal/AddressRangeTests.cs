using System.Net;
using CsCheck;
using OrleansOrchestrator.Grains.Cloud.BareMetal;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Cloud.BareMetal;

public sealed class AddressRangeTests
{
    [Theory]
    [InlineData("192.0.2.0/30", "192.0.2.0", "192.0.2.3", "192.0.2.4")]
    [InlineData("192.0.2.7/32", "192.0.2.7", "192.0.2.7", "192.0.2.8")]
    [InlineData("192.0.2.10-192.0.2.20", "192.0.2.10", "192.0.2.20", "192.0.2.21")]
    [InlineData("192.0.2.9", "192.0.2.9", "192.0.2.9", "192.0.2.10")]
    [InlineData("2001:db8::/126", "2001:db8::", "2001:db8::3", "2001:db8::4")]
    [InlineData("255.255.255.255", "255.255.255.255", "255.255.255.255", "0.0.0.0")]
    [InlineData("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1.2.3.4")]
    public void A_range_holds_its_ends_and_nothing_beyond(string text, string first, string last, string beyond)
    {
        var range = AddressRange.Parse(text)!.Value;
        Assert.True(range.Contains(IPAddress.Parse(first)) && range.Contains(IPAddress.Parse(last)));
        Assert.False(range.Contains(IPAddress.Parse(beyond)));
        Assert.Equal(first, range.FirstFree(_ => false)!.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("192.0.2.0/33")]
    [InlineData("192.0.2.20-192.0.2.10")]
    [InlineData("192.0.2.1-2001:db8::1")]
    [InlineData("192.0.2.1-192.0.2.2-192.0.2.3")]
    [InlineData("pool")]
    public void What_is_no_range_is_refused(string text) => Assert.Null(AddressRange.Parse(text));

    [Fact]
    public void The_first_free_address_is_the_first_that_is_not_taken() =>
        Gen.Int[0, 15].HashSet[0, 16].Check(taken =>
        {
            var range = AddressRange.Parse("192.0.2.16/28")!.Value;
            var expected = Enumerable.Range(0, 16).Where(i => !taken.Contains(i)).Select(i => (int?)i).FirstOrDefault();
            Assert.Equal(
                expected is { } offset ? $"192.0.2.{16 + offset}" : null,
                range.FirstFree(a => taken.Contains(a.GetAddressBytes()[3] - 16))?.ToString());
        });

    [Theory]
    [InlineData("192.0.2.0/28", "default")]
    [InlineData("public=192.0.2.0/28", "public")]
    [InlineData("=192.0.2.0/28", null)]
    [InlineData("public=", null)]
    public void A_pool_may_have_a_name(string text, string? name) => Assert.Equal(name, AddressPool.Parse(text)?.Name);
}
