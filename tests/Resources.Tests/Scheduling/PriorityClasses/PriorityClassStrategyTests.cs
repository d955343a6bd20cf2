using OrleansOrchestrator.Resources.Scheduling.PriorityClasses;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Scheduling.PriorityClasses;

public sealed class PriorityClassStrategyTests
{
    private const string Reserved =
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. " +
        "error: ";

    [Theory]
    [InlineData("a", 1_000_000_000, null)]
    [InlineData(
        "a", 1_000_000_001, "value: Forbidden: maximum allowed value of a user defined priority is 1000000000")]
    [InlineData("system-a", 1, Reserved + "system-a is not a known system priority class")]
    [InlineData(
        "system-node-critical", 1, Reserved + "value of system-node-critical PriorityClass must be 2000001000")]
    public void OnlyTheSystemGoesFirst(string name, int value, string? finding) => Assert.Equal(
        finding is null ? [] : [finding],
        StrategyProbe.Create("PriorityClass", $$$"""{"metadata":{"name":"{{{name}}}"},"value":{{{value}}}}"""));

    [Fact]
    public void TheSystemsOwnClassesAreGood() => Assert.All(
        PriorityClassStrategy.SystemClasses,
        item => Assert.Empty(StrategyProbe.Create("PriorityClass", k8s.KubernetesJson.Serialize(item))));
}
