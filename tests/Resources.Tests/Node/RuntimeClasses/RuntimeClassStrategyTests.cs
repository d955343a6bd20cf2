using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Node.RuntimeClasses;

public sealed class RuntimeClassStrategyTests
{
    [Fact]
    public void A_handler_that_was_taken_away_is_shown_as_empty() => Assert.Contains(
        "handler: Invalid value: \"\": field is immutable",
        StrategyProbe.Update("RuntimeClass", """{"handler":"h"}""", "{}"));

    [Fact]
    public void A_toleration_that_was_there_before_is_a_duplicate_for_however_long()
    {
        const string Once = "{\"key\":\"a\",\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":";
        var findings = StrategyProbe.Create(
            "RuntimeClass", $$$"""{"handler":"h","scheduling":{"tolerations":[{{{Once}}}1},{{{Once}}}2}]}}""");
        Assert.StartsWith(
            "scheduling.tolerations[1]: Duplicate value: ", Assert.Single(findings), StringComparison.Ordinal);
    }
}
