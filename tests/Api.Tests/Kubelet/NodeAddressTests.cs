using k8s.Models;
using OrleansOrchestrator.Api.Kubelet;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kubelet;

public sealed class NodeAddressTests
{
    [Theory]
    [InlineData(null, "https://10.0.0.1:10250/")]
    [InlineData(0, "https://10.0.0.1:10250/")]
    [InlineData(-1, "https://10.0.0.1:10250/")]
    [InlineData(10, "https://10.0.0.1:10/")]
    public void A_port_that_was_never_set_is_the_default(int? port, string expected) =>
        Assert.Equal(expected, NodeAddress.Of(Status(port, "InternalIP=10.0.0.1")).Value?.AbsoluteUri);

    [Theory]
    [InlineData("Hostname=n1 InternalDNS=n1.internal InternalIP=10.0.0.1 ExternalIP=192.0.2.1", "10.0.0.1")]
    [InlineData("Hostname=n1 ExternalDNS=n1.example.com ExternalIP=192.0.2.1", "192.0.2.1")]
    [InlineData("ExternalDNS=n1.example.com InternalDNS=n1.internal Hostname=n1", "n1")]
    [InlineData("ExternalDNS=n1.example.com InternalDNS=n1.internal", "n1.internal")]
    [InlineData("ExternalDNS=n1.example.com", "n1.example.com")]
    [InlineData("InternalIP=fd00::1", "[fd00::1]")]
    [InlineData("InternalIP=evil/path? InternalIP=a@b Hostname=n1", "n1")]
    public void Addresses_come_before_names_and_what_is_no_host_is_passed_over(string addresses, string host) =>
        Assert.Equal($"https://{host}:10250/", NodeAddress.Of(Status(null, addresses)).Value?.AbsoluteUri);

    [Theory]
    [InlineData("", "[]")]
    [InlineData("Other=x.example.com InternalIP=a/b", "[{Other x.example.com} {InternalIP a/b}]")]
    public void Who_has_none_is_told_which_are_known(string addresses, string known)
    {
        var status = NodeAddress.Of(Status(null, addresses)).Error!;
        Assert.Equal((500, "", $"no preferred addresses found; known addresses: {known}"),
            (status.Code, status.Reason, status.Message));
    }

    [Fact]
    public void A_port_that_none_has_is_refused_in_gos_words() => Assert.Equal(
        "error dialing backend: dial tcp: address 70000: invalid port",
        NodeAddress.Of(Status(70000, "InternalIP=10.0.0.1")).Error?.Message);

    private static V1NodeStatus Status(int? port, string addresses) => new()
    {
        DaemonEndpoints = port is { } given
            ? new V1NodeDaemonEndpoints { KubeletEndpoint = new V1DaemonEndpoint { Port = given } } : null,
        Addresses = [.. addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(a => a.Split('='))
            .Select(a => new V1NodeAddress { Type = a[0], Address = a[1] })],
    };
}
