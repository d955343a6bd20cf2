using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class ConditionRulesTests
{
    [Fact]
    public void AConditionSaysWhenAndWhy()
    {
        const string Budget = "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"},\"spec\":{\"minAvailable\":1}";
        Assert.Equal(
            [
                "status.conditions[0].lastTransitionTime: Required value",
                "status.conditions[0].reason: Required value",
            ],
            StrategyProbe.Update(
                "PodDisruptionBudget",
                Budget + "}",
                Budget + ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"message\":\"\"}]}}",
                "status"));
    }
}
