using OrleansOrchestrator.Grains.Core.Bootstrap;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Bootstrap;

public sealed class BootstrapObjectsTests
{
    [Theory]
    [InlineData("192.0.2.1", "IPv4")]
    [InlineData("fd00:10:243::1", "IPv6")]
    public void The_slice_of_the_API_is_of_the_family_of_its_Service(string address, string family)
    {
        var slice = BootstrapObjects.ApiEndpointSlice([address], family, 6443);

        Assert.Equal((family, address), (slice.AddressType, Assert.Single(slice.Endpoints[0].Addresses)));
    }

    [Theory]
    [InlineData("10.96.0.0/16", "10.96.0.0/16,fd00::/112", "10.96.0.0/16,fd00::/112")]
    [InlineData("10.96.0.0/16,fd00::/112", "10.96.0.0/16,fd00::/112", null)]
    [InlineData("10.96.0.0/16", "10.96.0.0/16", null)]
    [InlineData("10.96.0.0/16,fd00::/112", "10.96.0.0/16", null)]
    [InlineData("10.97.0.0/16", "10.96.0.0/16,fd00::/112", null)]
    public void The_secondary_range_joins_the_primary_one_and_nothing_else_changes(
        string there, string wanted, string? after)
    {
        var range = BootstrapObjects.ServiceRange(there.Split(','));
        Assert.Equal(after is not null, BootstrapObjects.Extend(range, wanted.Split(',')));
        Assert.Equal(after ?? there, string.Join(',', range.Spec.Cidrs));
    }
}
