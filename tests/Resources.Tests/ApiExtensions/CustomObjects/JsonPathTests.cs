using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.CustomObjects;

public sealed class JsonPathTests
{
    private const string Item = """
        {"spec":{"a.b":1,"list":[{"type":"Ready","status":"True","n":2},{"type":"Other","status":"False","n":5}]},
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
    [InlineData(".spec['a.b']", "1")]
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
    [InlineData("spec")]
    public void WhatIsNoPathIsNone(string path) => Assert.Null(JsonPath.Parse(path));
}
