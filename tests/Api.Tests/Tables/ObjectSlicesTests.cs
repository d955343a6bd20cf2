using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Tables;

public sealed class ObjectSlicesTests
{
    private static readonly ObjectSlices Slices = new(BuiltInResources.Table.Find(WellKnown.ConfigMaps)!);

    [Theory]
    [InlineData("""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}}""")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}""")]
    [InlineData("""{"metadata":{"name":"a"},"apiVersion":"v1","kind":"ConfigMap"}""")]
    public void TakesTheTypeAway(string json) =>
        Assert.Equal(
            """{"metadata":{"name":"a"}}""",
            "{" + Encoding.UTF8.GetString(Slices.Untyped(Encoding.UTF8.GetBytes(json))));

    [Fact]
    public void FindsMetadataAtTheTopOnly()
    {
        var json = """{"kind":"Pod","spec":{"metadata":{"name":"no"}},"metadata":{"name":"yes","resourceVersion":"12"},"x":1}"""u8;
        Assert.Equal("""{"name":"yes","resourceVersion":"12"}""", Encoding.UTF8.GetString(ObjectSlices.Metadata(json)));
        Assert.Equal("12", ObjectSlices.ResourceVersion(json));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(123456789)]
    public void ReplacesTheVersionAlone(long revision)
    {
        var json = """{"kind":"Pod","metadata":{"annotations":{"resourceVersion":"7"},"resourceVersion":"12","name":"x"},"spec":{}}""";
        var changed = JsonNode.Parse(ObjectSlices.WithResourceVersion(Encoding.UTF8.GetBytes(json), revision))!;
        Assert.Equal(
            revision.ToString(System.Globalization.CultureInfo.InvariantCulture),
            (string)changed["metadata"]!["resourceVersion"]!);
        changed["metadata"]!["resourceVersion"] = "12";
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), changed));
    }
}
