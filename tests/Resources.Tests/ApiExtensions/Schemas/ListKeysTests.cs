using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.Schemas;

public sealed class ListKeysTests
{
    private const string Schema = """
        {"type":"object","properties":{
          "set":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
          "map":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
            "items":{"type":"object"}},
          "two":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["b","a"],
            "items":{"type":"object"}}}}
        """;

    [Theory]
    [InlineData("""{"set":["a","b"]}""", "")]
    [InlineData("""{"set":["a","b","a","b","a"]}""", "set[2]: Duplicate value: \"a\"|set[3]: Duplicate value: \"b\"")]
    [InlineData("""{"map":[{"k":1},{"k":"1"},{},{"k":null}]}""", "")]
    [InlineData("""{"map":[{"k":"x","v":1},{"k":"x","v":2}]}""", """map[1]: Duplicate value: {"k":"x"}""")]
    [InlineData("""{"map":[{},{"v":1}]}""", "map[1]: Duplicate value: {}")]
    [InlineData("""{"two":[{"b":1,"a":2},{"b":1},{"a":2,"b":1}]}""", """two[2]: Duplicate value: {"a":2,"b":1}""")]
    [InlineData(
        """{"map":[{"k":1},"x",5]}""",
        "map[1]: Invalid value: \"x\": must be an object for an array of list-type map")]
    public void ElementsAreThereOnce(string value, string wanted)
    {
        var errors = new FieldErrors();
        ListKeys.Validate(JsonNode.Parse(value), JsonSchema.Parse(Schema), null, errors);
        Assert.Equal(wanted, string.Join('|', errors.All.Select(static e => $"{e.Field}: {e.Message}")));
    }
}
