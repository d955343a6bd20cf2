using System.Text.RegularExpressions;
using OrleansOrchestrator.Resources.ApiExtensions.Rules;
using OrleansOrchestrator.Resources.ApiExtensions.Schemas;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.ApiExtensions.Rules;

/// <summary>
/// What rules can cost at most, as upstream's <c>compilation_test.go</c> has it: without bounds in the schema, when a
/// request bounds the size, and with them.
/// </summary>
public static class RuleEstimateTests
{
    private const string Items = """{"type":"array","maxItems":@max,"items":@part}""";
    private const string Map = """{"type":"object","maxProperties":@max,"additionalProperties":@part}""";
    private const string Text = """{"type":"string","maxLength":@max}""";
    private const string Bytes = """{"type":"string","format":"byte","maxLength":@max}""";
    private const string Number = """{"type":"number"}""";
    private const string Whole = """{"type":"integer"}""";
    private const string Plain = """{"type":"string"}""";
    private const string Truth = """{"type":"boolean"}""";
    private const string Duration = """{"type":"string","format":"duration"}""";
    private const string Date = """{"type":"string","format":"date"}""";
    private const string Moment = """{"type":"string","format":"date-time"}""";
    private const string Either = """{"x-kubernetes-int-or-string":true}""";
    private const string Numbers = """{"type":"array","items":{"type":"number"}}""";
    private const string NumberMap = """{"type":"object","additionalProperties":{"type":"number"}}""";
    private const string Enum = """{"type":"string","maxLength":@max,"enum":["A","B","C","LongValue"]}""";

    private const string Record =
        """
        {"type":"object","required":["required"],
        "properties":{"required":{"type":"string"},"optional":{"type":"string"}}}
        """;

    private const string Records =
        """{"type":"object","maxProperties":@max,"additionalProperties":""" + Record + "}";

    private const string Replaced =
        """
        {"type":"object","properties":{"str":{"type":"string","maxLength":@max},
        "before":{"type":"string","maxLength":2},"after":{"type":"string","maxLength":4},
        "separator":{"type":"string","maxLength":@max}}}
        """;

    [Theory]
    [InlineData(Items, Number, "self.all(x, true)", 4718591, 10, 32)]
    [InlineData(Items, Plain, "self.all(x, true)", 3145727, 20, 62)]
    [InlineData(Items, Truth, "self.all(x, true)", 1887437, 5, 17)]
    [InlineData(Items, Numbers, "self.all(x, true)", 3145727, 100, 302)]
    [InlineData(Items, Record, "self.all(x, true)", 555128, 50, 152)]
    [InlineData(Items, Either, "self.all(x, true)", 4718591, 10, 32)]
    [InlineData(Items, Duration, "self.all(x, true)", 2359295, 5, 17)]
    [InlineData(Items, Date, "self.all(x, true)", 725936, 15, 47)]
    [InlineData(Items, Moment, "self.all(x, true)", 428963, 25, 77)]
    [InlineData(Items, Number, "self[1] == 0.0", 2, 5000, 2)]
    [InlineData(Items, Number, "self[3] == 0.0", 2, 0, 2)]
    [InlineData(Items, Plain, "self[1] == self[1]", 314577, 8, 314577)]
    [InlineData(Items, Number, "self.all(x, self.all(y, true))", -10000000, 10, 352)]
    [InlineData(Items, Number, "self.all(x, self.all(y, self.all(z, true)))", -10000000, 10, 3552)]
    [InlineData(Items, Number, "self.all(x, x == 0.0)", 6291454, 6291456, 25165826)]
    [InlineData(Items, Either, "self[0] == 5", 3, 10, 3)]
    [InlineData(Items, Truth, "self[0] == false", 2, 25, 2)]
    [InlineData(Items, Record, "self[0] == null", 2, 422, 2)]
    [InlineData(Items, Record, "self[0] == self[1]", 4, 422, 4)]
    [InlineData(Items, Numbers, "self[0][0] == -1.0", 3, 51, 3)]
    [InlineData(Items, NumberMap, "self.all(x, x.y == 25.2)", 6291452, 12, 74)]
    [InlineData(Items, NumberMap, "self[0].x > 2.0", 4, 3000, 4)]
    [InlineData(Items, Duration, "self[0].getHours() == 2", 4, 525, 4)]
    [InlineData(Items, Moment, "self[2].getMinutes() == 45", 4, 99, 4)]
    [InlineData(Items, Records, "self.all(x, x[\"y\"].required == \"z\")", 7340027, 10, 72)]
    [InlineData(Items, Text, "self.join(' ') == 'aa bb'", 329853068905, 10, 43)]
    [InlineData(Items, Text, "self.isSorted() == true", 329854432052, 10, 52)]
    [InlineData(Map, Number, "self.all(x, true)", 1348169, 10, 32)]
    [InlineData(Map, Plain, "self.all(x, true)", 1179647, 3, 11)]
    [InlineData(Map, Truth, "self.all(x, true)", 943718, 100, 302)]
    [InlineData(Map, Either, "self.all(x, true)", 1348169, 15, 47)]
    [InlineData(Map, Record, "self.all(x, true)", 428963, 20, 62)]
    [InlineData(Map, NumberMap, "self.all(x, true)", 1179647, 10, 32)]
    [InlineData(Map, Numbers, "self.all(x, true)", 1179647, 25, 77)]
    [InlineData(Map, Duration, "self.all(x, true)", 1048577, 5, 17)]
    [InlineData(Map, Date, "self.all(x, true)", 524288, 10, 32)]
    [InlineData(Map, Moment, "self.all(x, true)", 349526, 25, 77)]
    [InlineData(Map, Text, "self.all(x, x.contains(self[x]))", 2752507, 10, 72)]
    [InlineData(Map, Number, "self[\"x\"] == 0.0", 2, 0, 2)]
    [InlineData(Map, Whole, "oldSelf.size() == self.size()", 5, 10, 5)]
    [InlineData(Map, Moment, "self[\"a\"] == self[\"b\"]", 8, 7, 8)]
    [InlineData(Map, Duration, "self[\"c\"] == self[\"d\"]", 8, 42, 8)]
    [InlineData(Text, "", "self.contains('test')", 314574, 10, 5)]
    [InlineData(Text, "", "self.startsWith('test')", 2, 15, 2)]
    [InlineData(Text, "", "size(self + \"hello\") > size(\"hello\")", 314578, 4, 7)]
    [InlineData(Text, "", "self.matches(\"x\")", 314574, 50, 22)]
    [InlineData(Text, "", "\"\".matches(\"(((((((((())))))))))[0-9]\")", 7, 10, 7)]
    [InlineData(Text, "", "self.matches(\"\")", 1, 100, 1)]
    [InlineData(Text, "", "self == \"x\"", 2, 0, 1)]
    [InlineData(Text, "", "self.find('[0-9]+') == ''", 629147, 10, 11)]
    [InlineData(Text, "", "self.lowerAscii() == 'lower!'", 314575, 10, 6)]
    [InlineData(Bytes, "", "self == b\"x\"", 2, 0, 1)]
    [InlineData(Replaced, "", "self.str.replace(self.before, self.after) == 'does not matter'", 629154, 4, 12)]
    [InlineData(Replaced, "", "self.str.split(self.separator) == []", 629160, 10, 22)]
    [InlineData(Enum, "", "self.contains('A')", 2, 1000, 401)]
    public static void Rules_can_cost(string schema, string part, string rule, long open, int max, long bounded)
    {
        var whole = schema.Replace("@part", part, StringComparison.Ordinal);
        var most = Estimate(Unbounded(whole), rule);
        Assert.True(open < 0 ? most > (ulong)-open : most == (ulong)open, $"without bounds {most}, not {open}");
        Assert.Equal(
            (ulong)bounded,
            Estimate(whole.Replace("@max", $"{max}", StringComparison.Ordinal), rule));
    }

    private static ulong Estimate(string schema, string rule)
    {
        var ruled = $$"""{{schema.TrimEnd()[..^1]}},"x-kubernetes-validations":[{"rule":{{GoText.Json(rule)}}}]}""";
        var compiled = Assert.Single(CompiledRule.Compile(JsonSchema.Parse(ruled), isRoot: false));
        Assert.Null(compiled.Complaint);
        return compiled.Program!.EstimateCost().Max;
    }

    /// <summary>Without what says how large it can be.</summary>
    private static string Unbounded(string schema) => Regex.Replace(
        schema, "\"max(Items|Length|Properties)\":@max,?", string.Empty).Replace(",}", "}", StringComparison.Ordinal);
}
