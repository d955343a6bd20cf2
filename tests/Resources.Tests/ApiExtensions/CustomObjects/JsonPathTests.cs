using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.CustomObjects;

public sealed class JsonPathTests
{
    private const string Item = """
        {"spec":{"a.b":1,"mixed":[{"n":1},{}],
         "list":[{"type":"Ready","status":"True","n":2},{"type":"Other","status":"False","n":5}]},
         "deep":{"x":{"name":"one"},"y":{"name":"two"}}}
        """;

    [Theory]
    [InlineData(".spec.list[0].status", "\"True\"")]
    [InlineData(".spec.list[-1].status", "\"False\"")]
    [InlineData(".spec.list[*].n", "2 5")]
    [InlineData(".spec.list[0:1].n", "2")]
    [InlineData(".spec.list[?(@.type==\"Other\")].status", "\"False\"")]
    [InlineData(".spec.list[?(@.type=='Ready')].status", "\"True\"")]
    [InlineData(".spec.list[?(@.n>3)].type", "\"Other\"")]
    [InlineData(".spec.list[?(@.none)].type", "")]
    [InlineData(".spec['a\\.b']", "1")]
    [InlineData(".spec['a.b']", "")]
    [InlineData(".spec['list'][0].n", "2")]
    [InlineData(".spec.list[0,1].n", "2 5")]
    [InlineData(".spec.list[:].n", "2 5")]
    [InlineData(".spec.list[0:2:2].n", "2")]
    [InlineData(".spec.list[0:3].n", "")]
    [InlineData(".spec.list[?(@.n==2)].type", "\"Ready\"")]
    [InlineData(".spec.list[?(@.n!=2)].type", "\"Other\"")]
    [InlineData(".spec.list[?(@.n>2.5)].type", "")]
    [InlineData(".spec.list[?(@.n==\"2\")].type", "")]
    [InlineData(".spec.list[?(@.type==Ready)].n", "")]
    [InlineData(".spec.list[?(@.type)].n", "2 5")]
    [InlineData(".spec.mixed[?(@.n==1)].n", "")]
    [InlineData(".spec.mixed[?(@.n)].n", "1")]
    [InlineData(".spec[?(@.n)]", "")]
    [InlineData(".spec.a b", "")]
    [InlineData(".spec.list.", "")]
    [InlineData(".spec.a\\.b", "1")]
    [InlineData(".deep.*.name", "\"one\" \"two\"")]
    [InlineData("..name", "\"one\" \"two\"")]
    [InlineData(".spec.none.more", "")]
    [InlineData(".spec.list[9]", "")]
    public void PathsLeadToWhatKubectlFinds(string path, string wanted) => Assert.Equal(
        wanted,
        string.Join(' ', JsonPath.Parse(path)!.Find(JsonNode.Parse(Item)).Select(n => n?.ToJsonString())));

    [Theory]
    [InlineData(".spec[")]
    [InlineData(".spec[x]")]
    [InlineData(".spec[\"x\"]")]
    [InlineData(".spec]")]
    [InlineData("....spec")]
    [InlineData(".spec.list[?(@.n]")]
    [InlineData(".spec.list[?(@.list[?(@.n)])]")]
    public void WhatIsNoPathIsNone(string path) => Assert.Null(JsonPath.Parse(path));

    [Fact]
    public void AnyTextIsAPathOrNone() =>
        Gen.OneOf(
            ".", "..", "[", "]", "*", "[*]", "[0]", "[-1]", "[1:", ":2]", "[?(", ")]", "@", "==", ">", "'", "\"", "\\",
            "spec", "list", "type", "n", "Ready", "5", "-", " ", "\ud800").Array[0, 20]
            .Check(
                static pieces => _ = JsonPath.Parse(string.Concat(pieces))?.Find(JsonNode.Parse(Item)).Count,
                cases: 5000);

    /// <summary>The stack of a list that shows columns is not the definition's to use up.</summary>
    [Fact]
    public void FiltersInFiltersAreNone() => Assert.Null(JsonPath.Parse(Filters(20_000)));

    [Fact]
    public void ALongPathIsFollowed()
    {
        var path = JsonPath.Parse(".spec" + string.Concat(Enumerable.Repeat("..spec", 100_000)))!;
        Assert.Empty(path.Find(JsonNode.Parse(Item)));
    }

    /// <summary>The same list may be found so often that what is in it must be counted before it is held.</summary>
    [Fact]
    public void WhatIsFoundOftenIsCountedFirst()
    {
        var often = $"[{string.Join(',', Enumerable.Repeat("0", 100))}]";
        var wide = new JsonArray([.. Enumerable.Range(0, 10_000).Select(static i => (JsonNode)i)]);
        var root = new JsonArray(new JsonArray(wide));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Empty(JsonPath.Parse($"{often}{often}[*]")!.Find(root));
        Assert.Empty(JsonPath.Parse($"{often}{often}[0:10000]")!.Find(root));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
    }

    /// <summary>Each <c>..</c> finds all that is below all that the one before has found.</summary>
    [Fact]
    public void WhatFindsTooMuchFindsNothing()
    {
        const int Levels = 60;
        var deep = new JsonArray();
        for (var i = 0; i < Levels; i++)
        {
            deep = new JsonArray(deep);
        }

        Assert.Equal(Levels, JsonPath.Parse("..")!.Find(deep).Count);
        Assert.NotEmpty(JsonPath.Parse("..[*]..")!.Find(deep));
        Assert.Empty(Repeated("..[*]").Find(deep));
        var wide = new JsonArray([.. Enumerable.Range(0, 200_000).Select(static i => (JsonNode)i)]);
        Assert.Empty(JsonPath.Parse("..")!.Find(wide));
    }

    private static JsonPath Repeated(string step) => JsonPath.Parse(string.Concat(Enumerable.Repeat(step, 20)))!;

    private static string Filters(int depth) => new StringBuilder()
        .Insert(0, ".list[?(@", depth).Append(".n").Insert(".list[?(@".Length * depth + 2, ")]", depth).ToString();
}
