using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.Schemas;

public sealed class SchemaDefaultsTests
{
    private const string Schema = """
        {"type":"object","properties":{"a":{"type":"string","default":"d"},
          "n":{"type":"string","nullable":true,"default":"d"},"p":{"type":"string"},
          "o":{"type":"object","default":{},"properties":{"i":{"type":"integer","default":3}}},
          "l":{"type":"array","items":{"type":"object","properties":{"i":{"type":"integer","default":3}}}}}}
        """;

    [Theory]
    [InlineData("{}", """{"a":"d","n":"d","o":{"i":3}}""")]
    [InlineData("""{"a":null,"n":null,"p":null}""", """{"a":"d","n":null,"o":{"i":3}}""")]
    [InlineData(
        """{"a":"x","n":"y","o":{"i":1},"l":[{},{"i":2}]}""",
        """{"a":"x","n":"y","o":{"i":1},"l":[{"i":3},{"i":2}]}""")]
    public void DefaultsFillWhatIsMissing(string value, string wanted)
    {
        var body = JsonNode.Parse(value)!;
        var schema = JsonSchema.Parse(Schema);
        SchemaDefaults.Apply(body, schema);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(wanted), body), body.ToJsonString());
        var again = body.DeepClone();
        SchemaDefaults.Apply(again, schema);
        Assert.True(JsonNode.DeepEquals(body, again), "once is enough");
    }
}
