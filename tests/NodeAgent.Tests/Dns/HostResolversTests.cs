using CsCheck;
using OrleansOrchestrator.NodeAgent.Dns;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Dns;

public sealed class HostResolversTests
{
    [Theory]
    [InlineData("nameserver 192.0.2.1\nnameserver\t192.0.2.2 # x\r\n", "192.0.2.1 192.0.2.2")]
    [InlineData("#nameserver 192.0.2.1\n nameserver fe80::1%1\nsearch nameserver 192.0.2.9", "fe80::1%1")]
    [InlineData("nameserver x\nnameserver\nnameserver 192.0.2.1", "192.0.2.1")]
    [InlineData("nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4",
        "192.0.2.1 192.0.2.2 192.0.2.3")]
    public void Addresses_are_read_as_the_c_library_reads_them(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', HostResolvers.Parse(text)));

    [Fact]
    public void No_text_breaks_the_reading() => Gen.Select(Gen.String, Gen.Bool).Check(
        (text, named) => Assert.InRange(
            HostResolvers.Parse(named ? $"nameserver {text}\nnameserver 192.0.2.1 {text}" : text).Count, 0, 3));

    [Fact]
    public void A_file_that_cannot_be_read_names_nobody()
    {
        Assert.Empty(HostResolvers.Read("/nonexistent"));
        Assert.Empty(HostResolvers.Read("/proc/self/mem"));
        Assert.Empty(HostResolvers.Read("/dev/zero"));
        Assert.Empty(HostResolvers.Read("/tmp"));
    }
}
