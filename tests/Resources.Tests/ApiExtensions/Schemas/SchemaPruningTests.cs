using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.Schemas;

public sealed class SchemaPruningTests
{
    private const string Schema = """
        {"type":"object","properties":{
          "spec":{"type":"object","properties":{"a":{"type":"string"},"l":{"type":"array","items":{"type":"object",
            "properties":{"x":{"type":"string"}}}}}},
          "open":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"in":{"type":"object",
            "properties":{"y":{"type":"string"}}}}},
          "openList":{"type":"array","x-kubernetes-preserve-unknown-fields":true,"items":{"type":"object",
            "properties":{"in":{"type":"object","properties":{"y":{"type":"string"}}}}}},
          "anyMap":{"type":"object","additionalProperties":true},
          "map":{"type":"object","additionalProperties":{"type":"object","properties":{"z":{"type":"string"}}}},
          "template":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"spec":{"type":"object"}}}}}
        """;

    [Theory]
    [InlineData("""{"spec":{"a":"1","b":2},"extra":3}""", """{"spec":{"a":"1"}}""", "extra,spec.b")]
    [InlineData("""{"spec":{"l":[{"x":"1","w":2}]}}""", """{"spec":{"l":[{"x":"1"}]}}""", "spec.l[0].w")]
    [InlineData("""{"open":{"any":1,"in":{"y":"1","n":2}}}""", """{"open":{"any":1,"in":{"y":"1"}}}""", "open.in.n")]
    [InlineData(
        """{"openList":[{"any":1,"in":{"y":"1","n":2}}]}""", """{"openList":[{"any":1,"in":{"y":"1"}}]}""",
        "openList[0].in.n")]
    [InlineData("""{"anyMap":{"k":{"z":1},"l":2}}""", """{"anyMap":{"k":{},"l":2}}""", "anyMap.k.z")]
    [InlineData("""{"map":{"k":{"z":"1","n":2}}}""", """{"map":{"k":{"z":"1"}}}""", "map.k.n")]
    [InlineData(
        """{"template":{"apiVersion":"v1","kind":"X","metadata":{"name":"n"},"spec":{},"n":1}}""",
        """{"template":{"apiVersion":"v1","kind":"X","metadata":{"name":"n"},"spec":{}}}""", "template.n")]
    public void OnlyWhatIsSpecifiedStays(string value, string wanted, string dropped)
    {
        var body = JsonNode.Parse(value)!.AsObject();
        var found = SchemaPruning.Prune(body, JsonSchema.Parse(Schema));
        Assert.Equal(dropped, string.Join(',', found.Order(StringComparer.Ordinal)));
        Assert.Equal(wanted, body.ToJsonString());
    }
}
