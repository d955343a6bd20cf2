using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Namespaces;

public sealed class NamespaceStrategyTests
{
    private const string Living = """{"metadata":{"name":"a"},"status":{"phase":"Active"}}""";
    private const string Dying =
        """{"metadata":{"name":"a","deletionTimestamp":"2025-01-01T00:00:00Z"},"status":{"phase":"Terminating"}}""";

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"phase":""}""")]
    public void AStatusWithoutPhaseIsActive(string status)
    {
        Assert.Empty(StrategyProbe.Update("Namespace", Living, With(Living, "Active", status), "status"));
        Assert.Equal(
            ["status.Phase: Invalid value: \"Active\": may only be 'Terminating' if `deletionTimestamp` is not empty"],
            StrategyProbe.Update("Namespace", Dying, With(Dying, "Terminating", status), "status"));
    }

    [Fact]
    public void NamespacesAreSelectedByTheirFullFieldOnly() => Assert.Equal(
        "field label not supported: name",
        FieldSelector.Parse("name=a", BuiltInResources.Table.Find(WellKnown.Namespaces)!).Error!.Message);

    private static string With(string json, string phase, string status) =>
        json.Replace($$"""{"phase":"{{phase}}"}""", status, StringComparison.Ordinal);
}
