using k8s.Models;
using OrleansOrchestrator.Resources.Networking.ServiceCidrs;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Networking.ServiceCidrs;

public sealed class ServiceCidrStrategyTests
{
    private const string Four = "\"10.0.0.0/24\"";
    private const string Six = "\"fd00::/112\"";

    [Theory]
    [InlineData(Four, Four, null)]
    [InlineData(Four, $"{Four},{Six}", null)]
    [InlineData(Four, $"{Six},{Four}", "spec.cidrs[0]: Invalid value: \"fd00::/112\": field is immutable")]
    [InlineData(Four, Six, "spec.cidrs[0]: Invalid value: \"fd00::/112\": field is immutable")]
    [InlineData($"{Four},{Six}", Four, "spec.cidrs: Invalid value: [\"10.0.0.0/24\"]: field is immutable")]
    public void ARangeMayOnlyBeJoined(string before, string after, string? finding) => Assert.Equal(
        finding is null ? [] : [finding], StrategyProbe.Update("ServiceCIDR", Spec(before), Spec(after)));

    [Fact]
    public void ARangeIsWrittenInOneWay() => Assert.Equal(
        ["spec.cidrs[0]: Invalid value: \"FD00::/112\": must be in canonical form (\"fd00::/112\")"],
        StrategyProbe.Create("ServiceCIDR", Spec("\"FD00::/112\"")));

    [Fact]
    public void AStatusKeepsTheMetadata()
    {
        var old = (V1ServiceCIDR)StrategyProbe.Read("ServiceCIDR", Spec(Four));
        var item = (V1ServiceCIDR)StrategyProbe.Read("ServiceCIDR", Spec(Six));
        item.Metadata.Labels = new Dictionary<string, string> { ["a"] = "b" };
        new ServiceCidrStrategy().PrepareForUpdate(item, old, "status");
        Assert.Null(item.Metadata.Labels);
        Assert.Equal(["10.0.0.0/24"], item.Spec.Cidrs);
    }

    private static string Spec(string cidrs) => $"{{\"spec\":{{\"cidrs\":[{cidrs}]}}}}";
}
