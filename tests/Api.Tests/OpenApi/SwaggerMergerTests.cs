using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.OpenApi;
using OrleansOrchestrator.Resources.Kernel.Json;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.OpenApi;

/// <summary>Documents of several servers become one.</summary>
public sealed class SwaggerMergerTests
{
    private const string Kinds = "x-kubernetes-group-version-kind";

    [Fact]
    public void Only_what_a_group_version_needs_is_taken()
    {
        var document = Document(
            ("/apis/a/v1/boats", "Boat"), ("/apis/a/v1beta1/boats", "Old"), ("/apis/b/v1/cars", "Car"));
        document["definitions"] = Parse("""
            {"Boat":{"items":{"$ref":"#/definitions/Sail"}},"Sail":{"$ref":"#/definitions/Boat"},"Old":{},"Car":{}}
            """);
        document["parameters"] = Parse("""{"used":{"in":"query"},"unused":{}}""");
        document["paths"]!["/apis/a/v1/boats"]!["parameters"] = Parse("""[{"$ref":"#/parameters/used"}]""");
        var found = SwaggerMerger.Below(document, "/apis/a/v1/");
        Assert.Equal(["/apis/a/v1/boats"], Names(found, "paths"));
        Assert.Equal(["Boat", "Sail"], Names(found, "definitions").Order(StringComparer.Ordinal));
        Assert.Equal(["used"], Names(found, "parameters"));
    }

    [Fact]
    public void What_two_servers_call_by_one_name_gets_another_and_references_follow()
    {
        var merged = Document(("/one", "Thing"));
        merged["definitions"] = Parse("""{"Thing":{"type":"string"}}""");
        var second = Document(("/two", "Thing"));
        second["definitions"] = Parse("""{"Thing":{"type":"integer"}}""");
        var third = Document(("/three", "Thing"));
        third["definitions"] = Parse("""{"Thing":{"type":"integer"}}""");
        var fourth = Document(("/four", "Thing"));
        fourth["definitions"] = Parse(
            """{"Thing":{"properties":{"x":{"$ref":"#/definitions/Thing_v3"}}},"Thing_v3":{}}""");
        foreach (var other in (JsonObject[])[second, third, fourth])
        {
            SwaggerMerger.Add(merged, other);
        }

        Assert.Equal(
            ["Thing", "Thing_v2", "Thing_v3", "Thing_v4"],
            Names(merged, "definitions").Order(StringComparer.Ordinal));
        Assert.Equal("#/definitions/Thing", ReferenceOf(merged, "/one"));
        Assert.Equal("#/definitions/Thing_v2", ReferenceOf(merged, "/two"));
        Assert.Equal("#/definitions/Thing_v2", ReferenceOf(merged, "/three"));
        Assert.Equal("#/definitions/Thing_v4", ReferenceOf(merged, "/four"));
    }

    [Fact]
    public void What_differs_by_its_kinds_only_is_one_of_all_those_kinds()
    {
        var merged = Document(("/one", "Options"));
        merged["definitions"] = Parse($$"""{"Options":{"type":"object","{{Kinds}}":[{"group":"a"}]} }""");
        var other = Document(("/two", "Options"));
        other["definitions"] = Parse($$"""{"Options":{"{{Kinds}}":[{"group":"a"},{"group":"b"}],"type":"object"} }""");
        SwaggerMerger.Add(merged, other);
        Assert.Equal(["Options"], Names(merged, "definitions"));
        Assert.Equal(
            ["a", "b"], merged["definitions"]!["Options"]![Kinds]!.AsArray().Select(k => (string)k!["group"]!));
    }

    [Fact]
    public void A_path_that_is_there_stays_and_brings_no_definitions()
    {
        var merged = Document(("/one", "Thing"));
        merged["definitions"] = Parse("""{"Thing":{}}""");
        var other = Document(("/one", "Other"));
        other["definitions"] = Parse("""{"Other":{}}""");
        SwaggerMerger.Add(merged, other);
        Assert.Equal("#/definitions/Thing", ReferenceOf(merged, "/one"));
        Assert.Equal(["Thing"], Names(merged, "definitions"));
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"paths":7,"definitions":[],"parameters":null}""")]
    [InlineData("""{"paths":{"/a":null,"/b":7,"/c":[{"$ref":7},{"$ref":"#/definitions/"},{"$ref":"#/x/y"}]}}""")]
    [InlineData("""{"paths":{"/a":{"get":{"parameters":7,"responses":{"200":[]},"x-a":7}}}}""")]
    [InlineData(
        """
        {"paths":{"/a":{"get":{"parameters":[7,{"in":7},{"in":"?"},{"$ref":"#/parameters/p"}]}}},"parameters":{"p":7}}
        """)]
    [InlineData(
        """{"paths":{"/a":{"$ref":"#/definitions/A"}},"definitions":{"A":{"x-kubernetes-group-version-kind":7}}}""")]
    [InlineData(
        """{"paths":{"/a":{"$ref":"#/definitions/B"}},"definitions":{"B":{"type":7,"maximum":"7","minLength":1.5}}}""")]
    public void Nonsense_harms_nobody(string json)
    {
        var merged = Document(("/one", "A"));
        merged["definitions"] = Parse($$"""{"A":{"{{Kinds}}":{} } }""");
        SwaggerMerger.Add(merged, SwaggerMerger.Below(Parse(json).AsObject(), "/"));
        Assert.Contains("/one", Names(merged, "paths"));
        var documents = SwaggerDocuments.Of(JsonTree.ToBytes(merged));
        Assert.True(JsonTree.AreEqual(merged, JsonNode.Parse(documents.Json.Plain())));
        Assert.NotEmpty(documents.Protobuf.Plain());
    }

    private static JsonNode Parse(string json) => JsonNode.Parse(json)!;

    private static JsonObject Document(params (string Path, string Definition)[] paths) => new()
    {
        ["paths"] = new JsonObject(paths.Select(static p => KeyValuePair.Create(
            p.Path,
            (JsonNode?)new JsonObject { ["get"] = new JsonObject { ["$ref"] = $"#/definitions/{p.Definition}" } }))),
    };

    private static string? ReferenceOf(JsonObject document, string path) =>
        (string?)document["paths"]![path]!["get"]!["$ref"];

    private static IEnumerable<string> Names(JsonObject document, string part) =>
        document[part]!.AsObject().Select(static p => p.Key);
}
