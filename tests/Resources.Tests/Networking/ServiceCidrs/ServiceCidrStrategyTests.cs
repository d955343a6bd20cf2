using k8s.Models;
using OrleansOrchestrator.Resources.Networking.ServiceCidrs;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Networking.ServiceCidrs;

public sealed class ServiceCidrStrategyTests
{
    private const string Conditions =
        "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"reason\":\"\",\"message\":\"\"}]}}";

    /// <summary>Surprising, but clients of upstream's may have come to count on it.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("status")]
    public void AnyWriteMaySayTheStatus(string subresource)
    {
        var strategy = new ServiceCidrStrategy();
        var item = (V1ServiceCIDR)StrategyProbe.Read("ServiceCIDR", Conditions);
        strategy.PrepareForUpdate(item, (V1ServiceCIDR)StrategyProbe.Read("ServiceCIDR", "{}"), subresource);
        Assert.Single(item.Status.Conditions);
        Assert.Null(strategy.OwnableFields(subresource));
    }
}
