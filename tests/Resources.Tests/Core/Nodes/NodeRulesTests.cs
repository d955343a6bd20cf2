using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Nodes;

public sealed class NodeRulesTests
{
    private const string Rule =
        "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or " +
        "MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";

    [Theory]
    [InlineData("""{"capacity":{"foo":"1","a b":"2","x.example.com/y":"3"}}""", null)]
    [InlineData(
        """{"capacity":{"pods":"1.5"},"allocatable":{}}""", "status.capacity.pods: Invalid value: \"1500m\": must be an integer")]
    [InlineData(
        """{"capacity":{"cpu":"-1"},"allocatable":{}}""",
        "status.capacity.cpu: Invalid value: \"-1\": must be greater than or equal to 0")]
    [InlineData("""{"declaredFeatures":["A","B/c"]}""", null)]
    [InlineData(
        """{"declaredFeatures":["B","A"]}""",
        "status.declaredFeatures[1]: Invalid value: \"A\": list must be sorted alphabetically")]
    [InlineData("""{"declaredFeatures":["A","A"]}""", "status.declaredFeatures[1]: Duplicate value: \"A\"")]
    [InlineData(
        """{"declaredFeatures":["a"]}""",
        "status.declaredFeatures[0]: Invalid value: \"a\": invalid feature name \"a\": " + Rule)]
    public void AStatusIsJudgedByItself(string status, string? finding) => Assert.Equal(
        finding is null ? [] : [finding],
        StrategyProbe.Update("Node", "{}", $"{{\"status\":{status}}}", "status"));

    [Fact]
    public void SwapHasASize() => Assert.Equal(
        ["metadata.nodeSwapStatus.capacity: Invalid value: 0: must be greater than zero"],
        StrategyProbe.Create("Node", """{"status":{"nodeInfo":{"swap":{"capacity":0}}}}"""));

    [Fact]
    public void AmountsAreRoundedUpToThousandths() => Assert.Empty(
        StrategyProbe.Update("Node", "{}", """{"status":{"capacity":{"pods":"0.9999999"}}}""", "status"));
}
