using System.Net;
using OrleansOrchestrator.Api.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kernel;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    public void An_address_of_IPv4_is_told_as_such(string address, string expected) =>
        Assert.Equal(expected, ClientAddress.TextOf(IPAddress.Parse(address)));
}
