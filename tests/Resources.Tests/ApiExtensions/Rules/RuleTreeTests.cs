using System.Text;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.Rules;

public sealed class RuleTreeTests
{
    private const string Positive = """{"type":"integer","x-kubernetes-validations":[{"rule":"self > 0"}]}""";

    private const string Keyed =
        """
        {"type":"array","maxItems":9,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":
        {"type":"object","properties":{"k":{"type":"string","maxLength":9},"v":{"type":"integer",
        "x-kubernetes-validations":[{"rule":"self >= oldSelf","message":"may not shrink"}]}}}}
        """;

    private const string KeyedAndShort =
        """
        {"type":"array","maxItems":9,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":
        {"type":"object","properties":{"k":{"type":"string","maxLength":9},"v":{"type":"integer"}}},
        "x-kubernetes-validations":[{"rule":"self.size() < 2"}]}
        """;

    private const string Open =
        """
        {"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"b":{"type":"integer"}},
        "x-kubernetes-validations":[{"rule":"self.b > 1"}]}
        """;

    /// <summary>The rule sees what was before as what may be missing, the message as it is.</summary>
    private const string MaybeBefore =
        """
        {"type":"integer","x-kubernetes-validations":[{"rule":"self >= oldSelf.orValue(0)","optionalOldSelf":true,
        "message":"it shrinks","messageExpression":"type(oldSelf) == int ? 'was a number' : 'may have been missing'"}]}
        """;

    private const string HoldsBefore =
        """
        {"type":"integer","x-kubernetes-validations":[{"rule":"self >= oldSelf.orValue(0)","optionalOldSelf":true,
        "message":"it shrinks","messageExpression":"'was ' + string(oldSelf.value())"}]}
        """;

    [Theory]
    [InlineData(Positive, "1", null, "")]
    [InlineData(Positive, "0", null, "a: Invalid value: 0: failed rule: self > 0")]
    [InlineData(Positive, "0", "0", "")]
    [InlineData(Positive, "-1", "0", "a: Invalid value: -1: failed rule: self > 0")]
    [InlineData(Keyed, """[{"k":"x","v":1},{"k":"y","v":5}]""", """[{"k":"y","v":4},{"k":"x","v":2}]""",
        "a[0].v: Invalid value: 1: may not shrink")]
    [InlineData(Keyed, """[{"k":"z","v":1}]""", """[{"k":"y","v":4}]""", "")]
    [InlineData(
        """{"type":"object","properties":{"b-c":{"type":"string"}},"x-kubernetes-validations":[{"message":"no","""
        + """ "rule":"self.b__dash__c == 'x'","fieldPath":".b-c","reason":"FieldValueForbidden"}]}""",
        """{"b-c":"y"}""", null, "a.b-c: Forbidden: no")]
    [InlineData(
        """{"type":"object","properties":{"b":{"type":"string"}},"""
        + """ "x-kubernetes-validations":[{"rule":"self.b == ''"}]}""",
        "{}", null, "a: Invalid value: no such key: b evaluating rule: self.b == ''")]
    [InlineData(
        """{"x-kubernetes-int-or-string":true,"x-kubernetes-validations":[{"rule":"self < 3","message":"m"}]}""",
        "\"x\"", null,
        "a: Invalid value: \"x\": 'no such overload': call arguments did not match a supported operator, function "
        + "or macro signature for rule: m")]
    [InlineData(
        """{"type":"object","x-kubernetes-map-type":"atomic","properties":{"b":{"type":"integer","""
        + """ "x-kubernetes-validations":[{"rule":"self >= oldSelf","message":"m"}]}}}""",
        """{"b":1}""", """{"b":2}""", "a.b: Invalid value: 1: m")]
    [InlineData(
        """{"type":"object","additionalProperties":{"type":"string"},"x-kubernetes-validations":[{"message":"no","""
        + """ "rule":"false","fieldPath":"['b.c']"}]}""",
        """{"b.c":"y"}""", null, "a.[b.c]: Invalid value: no")]
    [InlineData(
        """{"type":"array","items":{"type":"integer"},"x-kubernetes-list-type":"set","""
        + """ "x-kubernetes-validations":[{"rule":"self == oldSelf","message":"m"}]}""",
        "[1,2]", "[2,1]", "")]
    [InlineData(KeyedAndShort, """[{"k":"x","v":1},{"k":"y","v":2}]""", """[{"k":"y","v":2},{"k":"x","v":1}]""", "")]
    [InlineData(
        KeyedAndShort, """[{"k":"x","v":1},{"k":"y","v":3}]""", """[{"k":"y","v":2},{"k":"x","v":1}]""",
        "a: Invalid value: failed rule: self.size() < 2")]
    [InlineData(Open, """{"b":1}""", """{"b":1}""", "")]
    [InlineData(Open, """{"b":1,"c":1}""", """{"b":1,"c":1}""", "a: Invalid value: failed rule: self.b > 1")]
    [InlineData(
        """{"type":"array","items":{"type":"integer","x-kubernetes-validations":[{"rule":"self > 0"}]}}""",
        "[0,0]", "[0,0]", "")]
    [InlineData(
        """{"type":"array","items":{"type":"integer","x-kubernetes-validations":[{"rule":"self > 0"}]}}""",
        "[0,1]", "[0,0]", "a[0]: Invalid value: 0: failed rule: self > 0")]
    [InlineData(MaybeBefore, "1", "2", "a: Invalid value: 1: was a number")]
    [InlineData(MaybeBefore, "-1", null, "a: Invalid value: -1: it shrinks")]
    [InlineData(HoldsBefore, "1", "2", "a: Invalid value: 1: it shrinks")]
    [InlineData(
        """{"type":"array","maxItems":3000,"items":{"type":"integer"},"x-kubernetes-validations":[{"rule":"false","""
        + """ "messageExpression":"self.all(x, self.all(y, self.all(z, true))) ? 'yes' : 'no'"}]}""",
        "many", null,
        "a: Invalid value: no further validation rules will be run due to call cost exceeds limit for "
        + "messageExpression: \"self.all(x, self.all(y, self.all(z, true))) ? 'yes' : 'no'\"")]
    [InlineData(
        """{"type":"array","maxItems":3000,"items":{"type":"integer"},"x-kubernetes-validations":[{"message":"m","""
        + """ "rule":"self.all(x, self.all(y, self.all(z, true)))"}]}""",
        "many", null,
        "a: Invalid value: 'operation cancelled: actual cost limit exceeded': no further validation rules will be "
        + "run due to call cost exceeds limit for rule: m")]
    public void Rules_are_asked(string schema, string value, string? old, string findings)
    {
        var whole = JsonSchema.Parse($$$"""{"type":"object","properties":{"a":{{{schema}}}}}""");
        var errors = new FieldErrors();
        var text = value == "many" ? $"[{string.Join(',', Enumerable.Repeat(1, 1000))}]" : value;
        RuleTree.Of(whole, isRoot: true)!.Validate(
            Item(text), old is null ? (ReadOnlyMemory<byte>?)null : Item(old), errors);
        Assert.Equal(findings, string.Join('|', errors.All.Select(static e => $"{e.Field}: {e.Message}")));
    }

    [Fact]
    public void What_is_not_held_against_an_update_is_said()
    {
        var whole = JsonSchema.Parse($$$"""{"type":"object","properties":{"a":{{{Positive}}}}}""");
        var errors = new FieldErrors();
        RuleTree.Of(whole, isRoot: true)!.Validate(Item("0"), Item("0"), errors);
        Assert.Equal((0, "a: Invalid value: 0: failed rule: self > 0"), (errors.Count, Assert.Single(errors.Warnings)));
    }

    [Fact]
    public void What_type_an_object_has_is_never_taken_for_unchanged()
    {
        var whole = JsonSchema.Parse(
            """
            {"type":"object","properties":{"kind":{"type":"string","x-kubernetes-validations":[{"rule":"self == 'A'"}]},
            "a":{"type":"string","x-kubernetes-validations":[{"rule":"self == 'A'"}]}}}
            """);
        ReadOnlyMemory<byte> item = Encoding.UTF8.GetBytes("""{"kind":"B","a":"B"}""");
        var errors = new FieldErrors();
        RuleTree.Of(whole, isRoot: true)!.Validate(item, item, errors);
        Assert.Equal("kind", Assert.Single(errors.All).Field);
    }

    [Theory]
    [InlineData("""{"type":"string","x-kubernetes-validations":[{"rule":"self.matches('a+b')"}]}""", "")]
    [InlineData(
        """{"type":"object","x-kubernetes-map-type":"atomic","properties":{"b":{"type":"integer","""
        + """ "x-kubernetes-validations":[{"rule":"self >= oldSelf"}]}}}""",
        "")]
    [InlineData(
        """{"type":"object","properties":{"b":{"type":"integer","x-kubernetes-validations":[{"rule":"1"}]}},"""
        + """ "x-kubernetes-validations":[{"rule":"2"}]}""",
        "p.properties[a].properties[b].x-kubernetes-validations[0].rule: Invalid value: {\"Rule\":\"1\",\"Message\":"
        + "\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: cel "
        + "expression must evaluate to a bool")]
    [InlineData(
        """{"type":"integer","x-kubernetes-validations":[{"rule":"int('a') == self"}]}""",
        "p.properties[a].x-kubernetes-validations[0].rule: Invalid value: {\"Rule\":\"int('a') == self\",\"Message\":"
        + "\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: program "
        + "instantiation failed: type conversion error from 'string' to 'int'")]
    [InlineData(
        """{"type":"object","properties":{"b":{"type":"array","items":{"type":"string"}}},"""
        + """ "x-kubernetes-validations":[{"rule":"self == oldSelf"}]}""",
        "")]
    [InlineData(
        """{"type":"array","items":{"type":"string","x-kubernetes-validations":[{"rule":"self.contains('a')"}]}}""",
        "p.properties[a].items.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by "
        + "factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength "
        + "where arrays, maps, and strings are declared)")]
    [InlineData(
        """{"type":"array","maxItems":10,"items":{"type":"string","maxLength":10,"""
        + """ "x-kubernetes-validations":[{"rule":"self.contains('a')"}]}}""",
        "")]
    [InlineData(
        """{"type":"array","maxItems":2,"items":{"type":"string","maxLength":2,"""
        + """ "x-kubernetes-validations":[{"rule":"self == oldSelf"}]}}""",
        "p.properties[a].items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot "
        + "be used on the uncorrelatable portion of the schema within p.properties[a]")]
    [InlineData(
        """{"x-kubernetes-preserve-unknown-fields":true,"x-kubernetes-validations":[{"rule":"true"}]}""",
        "p.properties[a].x-kubernetes-validations: Internal error: internal error: failed to construct type "
        + "information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations")]
    [InlineData(
        """{"x-kubernetes-preserve-unknown-fields":true,"properties":{"b":{"type":"string","""
        + """ "x-kubernetes-validations":[{"rule":"true"}]}}}""",
        "")]
    [InlineData(
        """{"type":"object","x-kubernetes-validations":[{"rule":"true"}],"properties":{"u":{"properties":{"b":"""
        + """ {"type":"string","x-kubernetes-validations":[{"rule":"true"}]}}}}}""",
        "p.properties[a].properties[u].properties[b].x-kubernetes-validations: Internal error: internal error: failed "
        + "to construct type information for x-kubernetes-validations rules: unable to convert structural schema to "
        + "CEL declarations")]
    [InlineData(
        """{"type":"object","x-kubernetes-validations":[{"rule":"true"}],"properties":{"u":{"type":"array","items":"""
        + """ {"properties":{"b":{"type":"string","x-kubernetes-validations":[{"rule":"true"}]}}}}}}""",
        "p.properties[a].properties[u].items.properties[b].x-kubernetes-validations: Internal error: internal error: "
        + "failed to construct type information for x-kubernetes-validations rules: unable to convert structural "
        + "schema to CEL declarations")]
    public void Definitions_are_checked(string schema, string first)
    {
        var errors = new FieldErrors();
        RuleDefinitionChecks.Validate(
            JsonSchema.Parse($$$"""{"type":"object","properties":{"a":{{{schema}}}}}"""), FieldPath.Of("p"), errors);
        Assert.Equal(first, errors.All.Select(static e => $"{e.Field}: {e.Message}").FirstOrDefault() ?? "");
    }

    private static ReadOnlyMemory<byte> Item(string value) => Encoding.UTF8.GetBytes($$"""{"a":{{value}}}""");
}
