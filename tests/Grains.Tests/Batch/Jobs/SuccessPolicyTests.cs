using k8s.Models;
using OrleansOrchestrator.Grains.Batch.Jobs;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Batch.Jobs;

public sealed class SuccessPolicyTests
{
    [Theory]
    [InlineData(null, 2, "1", false)]
    [InlineData(null, 2, "1,4", true)]
    [InlineData("0,2-3", null, "0,2", false)]
    [InlineData("0,2-3", null, "0-4", true)]
    [InlineData("0,2-3", 2, "1,3", false)]
    [InlineData("0,2-3", 2, "0,1,3", true)]
    [InlineData("8-9", null, "0-4", false)]
    public void Is_met(string? indexes, int? count, string succeeded, bool isMet)
    {
        var never = new V1SuccessPolicyRule { SucceededCount = 100 };
        var rule = new V1SuccessPolicyRule { SucceededIndexes = indexes, SucceededCount = count };
        var message = SuccessPolicy.Match(
            new V1SuccessPolicy { Rules = [never, rule] }, completions: 5, IndexSet.Parse(succeeded, 5));
        Assert.Equal(isMet ? "Matched rules at index 1" : null, message);
    }

    [Fact]
    public void Nothing_is_met_by_nothing() => Assert.Null(SuccessPolicy.Match(
        new V1SuccessPolicy { Rules = [new V1SuccessPolicyRule { SucceededCount = 0 }] }, 5, IndexSet.Empty));
}
