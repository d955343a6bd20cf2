using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Discovery.EndpointSlices;

public sealed class EndpointSliceRulesTests
{
    private const string NoAddress = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

    [Theory]
    [InlineData("IPv4", "1.2.3", "addresses[0]: Invalid value: \"1.2.3\": " + NoAddress)]
    [InlineData("IPv6", "::x", "addresses[0]: Invalid value: \"::x\": " + NoAddress)]
    [InlineData("IPv4", "2001:db8::1", "addresses: Invalid value: \"2001:db8::1\": must be an IPv4 address")]
    [InlineData("IPv6", "10.0.0.1", "addresses: Invalid value: \"10.0.0.1\": must be an IPv6 address")]
    [InlineData(
        "IPv4",
        "127.0.0.1",
        "addresses[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)")]
    public void An_address_has_one_fault(string type, string address, string finding) => Assert.Equal(
        [$"endpoints[0].{finding}"],
        StrategyProbe.Create(
            "EndpointSlice", $$"""{"addressType":"{{type}}","endpoints":[{"addresses":["{{address}}"]}]}"""));

    [Theory]
    [InlineData(20_000, null)]
    [InlineData(20_001, "ports: Too many: 20001: must have at most 20000 items")]
    public void A_slice_has_many_ports(int count, string? finding)
    {
        var ports = string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"name":"p{{i}}"}"""));
        Assert.Equal(
            finding is null ? [] : [finding],
            StrategyProbe.Create("EndpointSlice", $$"""{"addressType":"IPv4","ports":[{{ports}}]}"""));
    }
}
