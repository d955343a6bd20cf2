using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.Schemas;

public sealed class SchemaValidatorTests
{
    [Theory]
    [InlineData("""{"type":"integer"}""", "1", "")]
    [InlineData(
        """{"type":"integer"}""",
        "\"x\"",
        "a: Invalid value: \"string\": a in body must be of type integer: \"string\"")]
    [InlineData(
        """{"type":"integer"}""",
        "1.5",
        "a: Invalid value: \"number\": a in body must be of type integer: \"number\"|<nil>: Invalid "
        + "value: \"\": Checked value must be of type integer (default format) in a")]
    [InlineData(
        """{"type":"integer","minimum":0}""",
        "-7",
        "a: Invalid value: -7: a in body should be greater than or equal to 0")]
    [InlineData(
        """{"type":"integer","maximum":3,"exclusiveMaximum":true}""",
        "3",
        "a: Invalid value: 3: a in body should be less than 3")]
    [InlineData(
        """{"type":"integer","maximum":2000000}""", "2000001",
        "a: Invalid value: 2000001: a in body should be less than or equal to 2000000")]
    [InlineData(
        """{"type":"number","maximum":2000000}""", "2000000.5",
        "a: Invalid value: 2.0000005e+06: a in body should be less than or equal to 2e+06")]
    [InlineData("""{"type":"number","minimum":0.5}""", "0", "")]
    [InlineData(
        """{"type":"number","minimum":0.5}""", "0.25",
        "a: Invalid value: 0.25: a in body should be greater than or equal to 0.5")]
    [InlineData(
        """{"type":"integer","minimum":0.5}""", "0",
        "<nil>: Invalid value: \"\": Minimum boundary value must be of type integer (default format) in a|a: Invalid "
        + "value: 0: a in body should be greater than or equal to 0.5")]
    [InlineData("""{"type":"number","multipleOf":0.1}""", "1.1", "")]
    [InlineData(
        """{"type":"number","multipleOf":0.1}""", "1.15",
        "a: Invalid value: 1.15: a in body should be a multiple of 0.1")]
    [InlineData("""{"type":"string","maxLength":2}""", "\"abc\"", "a: Too long: may not be more than 2 bytes")]
    [InlineData(
        """{"type":"string","pattern":"^b"}""",
        "\"abc\"",
        "a: Invalid value: \"abc\": a in body should match '^b'")]
    [InlineData(
        """{"type":"string","enum":["x","y"]}""",
        "\"z\"",
        "a: Unsupported value: \"z\": supported values: \"x\", \"y\"")]
    [InlineData(
        """{"type":"string","format":"date"}""",
        "\"z\"",
        "a: Invalid value: \"z\": a in body must be of type date: \"z\"")]
    [InlineData(
        """{"type":"string","format":"date"}""",
        "5",
        "a: Invalid value: \"int64\": a in body must be of type date: \"int64\"")]
    [InlineData("""{"type":"string","format":"date"}""", "[5]", "")]
    [InlineData(
        """{"type":"string","minLength":5,"pattern":"^b"}""",
        "\"abc\"",
        "a: Invalid value: \"abc\": a in body should be at least 5 chars long")]
    [InlineData("""{"type":"integer","format":"int32"}""", "3000000000", "")]
    [InlineData(
        """{"type":"object","additionalProperties":false}""",
        "{\"k\":1}",
        "a: Invalid value: \"k\": a.k in body is a forbidden property")]
    [InlineData(
        """{"type":"array","items":{"type":"string"},"maxItems":1}""",
        "[\"x\",\"y\"]",
        "a: Too many: 2: must have at most 1 item")]
    [InlineData(
        """{"type":"array","items":{"type":"string"}}""",
        "[1]",
        "a[0]: Invalid value: \"integer\": a[0] in body must be of type string: \"integer\"")]
    [InlineData("""{"type":"object","required":["b"]}""", "{}", "a.b: Required value")]
    [InlineData(
        """{"type":"object","additionalProperties":{"type":"string"}}""",
        "{\"k\":1}",
        "a.k: Invalid value: \"integer\": a.k in body must be of type string: \"integer\"")]
    [InlineData(
        """{"x-kubernetes-int-or-string":true}""",
        "true",
        "a: Invalid value: \"boolean\": a in body must be of type integer,string: \"boolean\"")]
    [InlineData("""{"type":"string","nullable":true}""", "null", "")]
    [InlineData(
        """{"type":"integer","not":{"minimum":5}}""",
        "7",
        "<nil>: Invalid value: \"\": \"a\" must not validate the schema (not)")]
    [InlineData(
        """{"type":"integer","oneOf":[{"minimum":1},{"minimum":2}]}""",
        "3",
        "<nil>: Invalid value: \"\": \"a\" must validate one and only one schema (oneOf). Found 2 "
        + "valid alternatives")]
    [InlineData(
        """{"type":"object","anyOf":[{"required":["b"]},{"properties":{"c":{"minimum":5,"multipleOf":2}}}]}""",
        "{\"c\":1}",
        "<nil>: Invalid value: \"\": \"a\" must validate at least one schema (anyOf)|a.c: Invalid value: 1: a.c in "
        + "body should be a multiple of 2|a.c: Invalid value: 1: a.c in body should be greater than or equal to 5")]
    public void ValuesAreJudgedInUpstreamsWords(string schema, string value, string wanted) => Assert.Equal(
        wanted, string.Join('|', Findings(Property(schema), $"{{\"a\":{value}}}")));

    [Theory]
    [InlineData("""{"a":"bad"}""", """{"a":"bad","b":"x"}""", 0)]
    [InlineData("""{"a":"bad"}""", """{"a":"worse"}""", 1)]
    [InlineData("""{"l":[{"k":"x","v":"bad"}]}""", """{"l":[{"k":"y","v":1},{"k":"x","v":"bad"}]}""", 0)]
    [InlineData("""{"l":[{"k":"x","v":"bad"}]}""", """{"l":[{"k":"z","v":"bad"}]}""", 1)]
    [InlineData("""{"s":["bad"]}""", """{"s":["bad"],"b":"x"}""", 0)]
    [InlineData("""{"s":["bad"]}""", """{"s":["bad","good"]}""", 1)]
    [InlineData("""{"c":{"n":1}}""", """{"c":{"n":1},"b":"x"}""", 0)]
    [InlineData("""{"c":{"n":1}}""", """{"c":{"n":1,"m":1}}""", 2)]
    [InlineData("""{"m":[{"k":"x"},{"k":"y"}]}""", """{"m":[{"k":"y"},{"k":"x"}],"b":"x"}""", 0)]
    [InlineData("""{"m":[{"k":"x"},{"k":"y"}]}""", """{"m":[{"k":"y"},{"k":"z"}]}""", 1)]
    [InlineData("""{"p":{"q":{}}}""", """{"p":{"q":{}},"b":"x"}""", 0)]
    [InlineData("""{"p":{"q":{"unknown":1}}}""", """{"p":{"q":{"unknown":1}},"b":"x"}""", 1)]
    public void WhatAnUpdateLeavesAloneIsNotHeldAgainstIt(string old, string value, int wanted)
    {
        const string Schema = """
            {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"},"l":{"type":"array",
            "x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object",
            "properties":{"k":{"type":"string"},"v":{"type":"integer"}}}},"s":{"type":"array",
            "x-kubernetes-list-type":"set","items":{"type":"string","pattern":"^g"}},"c":{"type":"object",
            "properties":{"n":{"type":"integer"},"m":{"type":"integer"}},
            "allOf":[{"properties":{"n":{"minimum":5}}}]},"m":{"type":"array","maxItems":1,
            "x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object",
            "properties":{"k":{"type":"string"}}}},"p":{"type":"object","properties":{"q":{"type":"object",
            "x-kubernetes-preserve-unknown-fields":true,"required":["r"]}}}}}
            """;
        Assert.Equal(wanted, Findings(Schema, value, old).Count());
    }

    private static string Property(string schema) => $"{{\"type\":\"object\",\"properties\":{{\"a\":{schema}}}}}";

    private static IEnumerable<string> Findings(string schema, string value, string? old = null)
    {
        var errors = new FieldErrors();
        new SchemaValidator(errors).Validate(
            JsonNode.Parse(value), JsonSchema.Parse(schema), old: old is null ? null : JsonNode.Parse(old));
        return errors.All.Select(e => $"{e.Field}: {e.Message}");
    }
}
