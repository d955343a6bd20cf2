using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Where kinds keep what their scale shows.</summary>
public sealed class ScalePathsTests
{
    [Theory]
    [InlineData("""{"spec":{"selector":{"matchLabels":{"b":"2","a":"1"}}}}""", "a=1,b=2")]
    [InlineData(
        """{"spec":{"selector":{"matchExpressions":[{"key":"a","operator":"In","values":["y","x"]}]}}}""",
        "a in (x,y)")]
    [InlineData("""{"spec":{"selector":{"app":"x"}}}""", "app=x")]
    [InlineData("""{"spec":{"selector":"app=x"}}""", "app=x")]
    [InlineData("{}", "")]
    public void ReadsSelectorsOfEveryShape(string json, string text) =>
        Assert.Equal(text, ScalePaths.OfWorkload.ReadSelector(JsonNode.Parse(json)!));

    [Fact]
    public void WritesWhatItReads()
    {
        var item = JsonNode.Parse("""{"status":{"replicas":2}}""")!;
        Assert.Null(ScalePaths.OfWorkload.ReadReplicas(item));
        ScalePaths.OfWorkload.WriteReplicas(item, 5);
        Assert.Equal(5, ScalePaths.OfWorkload.ReadReplicas(item));
        Assert.Equal(2, ScalePaths.OfWorkload.ReadActual(item));
    }
}
