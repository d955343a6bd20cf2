using System.Net;
using OrleansOrchestrator.Api.Kubelet;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Security;

/// <summary>Where proxies may lead, in every way in which an address can be written.</summary>
public sealed class ForbiddenAddressesTests
{
    private static readonly string[] ForbiddenV4 =
    [
        "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.0.0.2", "127.255.255.255", "169.254.169.254", "169.254.0.0",
        "224.0.0.1",
        "239.255.255.255", "255.255.255.255",
    ];

    private static readonly string[] AllowedV4 =
        ["10.0.0.1", "192.168.1.1", "172.16.5.4", "100.64.0.1", "1.1.1.1", "126.255.255.255", "128.0.0.1",
            "169.253.1.1", "170.254.1.1"];

    // Hexadecimal digits of the address, and the same turned over, for the places of each form.
    private static readonly string[] Embeddings =
    [
        "::ffff:{0}:{1}", "::{0}:{1}", "::ffff:0:{0}:{1}", "64:ff9b::{0}:{1}", "64:ff9b:1::{0}:{1}", "2002:{0}:{1}::1",
        "2001:0:{0}:{1}:0:ffff:f5ff:fffe", "2001:0:a00:1:0:ffff:{2}:{3}", "2001:db8::5efe:{0}:{1}",
        "2001:db8::200:5efe:{0}:{1}",
    ];

    public static TheoryData<string> Forbidden =>
    [
        .. ForbiddenV4,
        .. ForbiddenV4.SelectMany(a => Embeddings.Select(e => Embed(e, a))),
        "::", "::1", "fe80::1", "fe80::1%1", "febf::1", "ff02::1", "ff0e::1", "2001:db8::1%1",
    ];

    public static TheoryData<string> Allowed =>
    [
        .. AllowedV4,
        .. AllowedV4.SelectMany(
            a => Embeddings.Where(e => !e.StartsWith("64:ff9b:1", StringComparison.Ordinal)).Select(e => Embed(e, a))),
        "2001:db8::1", "fd00::1", "2600::1", "fec0::1",
    ];

    [Theory]
    [MemberData(nameof(Forbidden))]
    public void Ways_into_the_machine_or_to_nobody_are_closed(string address) =>
        Assert.False(ProxyAddresses.IsAllowed(IPAddress.Parse(address)));

    [Theory]
    [MemberData(nameof(Allowed))]
    public void Hosts_are_reached(string address) => Assert.True(ProxyAddresses.IsAllowed(IPAddress.Parse(address)));

    // Whatever text led there: what is judged is what would be connected to.
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("0x7f000001")]
    [InlineData("2130706433")]
    [InlineData("[::ffff:127.0.0.2]")]
    [InlineData("[::ffff:169.254.169.254]")]
    [InlineData("0")]
    [InlineData("localhost")]
    public async Task Connections_are_judged_when_they_are_made(string host)
    {
        using var connections = new ProxyConnections();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{host}:1/");
        var failure = await Assert.ThrowsAsync<HttpRequestException>(
            () => connections.Invoker.SendAsync(request, TestContext.Current.CancellationToken));
        Assert.IsType<AddressNotAllowedException>(failure.InnerException);
    }

    private static string Embed(string form, string address)
    {
        var bytes = IPAddress.Parse(address).GetAddressBytes();
        string Group(int at, int mask) => ((((bytes[at] << 8) | bytes[at + 1]) ^ mask) & 0xffff).ToString("x", null);
        return string.Format(null, form, Group(0, 0), Group(2, 0), Group(0, 0xffff), Group(2, 0xffff));
    }
}
