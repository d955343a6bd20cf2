using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.AdmissionRegistration.Policies;

public sealed class ValidatingPolicyRulesTests
{
    [Fact]
    public void An_expression_of_many_lines_needs_no_message() =>
        Assert.Empty(Create(@"""validations"":[{""expression"":""true &&\n true""}]"));

    [Theory]
    [InlineData(@"a\nb")]
    [InlineData(@"a\rb")]
    public void A_message_is_of_one_line(string message) => Assert.Equal(
        [$"spec.validations[0].message: Invalid value: \"{message}\": must not contain line breaks"],
        Create($@"""validations"":[{{""expression"":""true"",""message"":""{message}""}}]"));

    [Fact]
    public void A_key_of_an_annotation_stands_behind_the_name_of_its_policy() => Assert.Equal(
        "spec.auditAnnotations[0].key: Invalid value: \"k\": requires metadata.name be non-empty",
        Assert.Single(Create(@"""auditAnnotations"":[{""key"":""k"",""valueExpression"":""'v'""}]", name: "")));

    [Fact]
    public void Constants_that_do_not_convert_are_refused() => Assert.Equal(
        [
            "spec.validations[0].expression: Internal error: program instantiation failed: type conversion error from "
                + "'string' to 'int'",
        ],
        Create(@"""validations"":[{""expression"":""int('a') == 1""}]"));

    [Theory]
    [InlineData("spec.validations[0].expression", null)]
    [InlineData("spec}, and {spec.variables", null)]
    [InlineData("spec[", "unterminated array")]
    [InlineData("spec[x]", "invalid array index x")]
    [InlineData("spec[0,#]", "invalid array index #")]
    [InlineData("spec[99999999999]", "array index 99999999999 is not a number")]
    [InlineData("spec[?(@.a]", "unterminated filter")]
    [InlineData("spec[?(@.a) ]", "unclosed array expect ]")]
    [InlineData("spec[?(#==1)]", "unrecognized character in action: U+0023 '#'")]
    [InlineData("spec.a....b", "invalid multiple recursive descent")]
    [InlineData("spec\n.a", "unclosed action")]
    [InlineData("spec 'a", "unterminated quoted string")]
    [InlineData("spec -", "cannot parse number -")]
    [InlineData("spec}, and {#", "unrecognized character in action: U+0023 '#'")]
    [InlineData("\u0007", "unrecognized character in action: U+0007")]
    public void A_warning_says_by_a_path_what_it_is_about(string fieldRef, string? complaint) => Assert.Equal(
        complaint is null
            ? []
            : new[]
            {
                "status.typeChecking.expressionWarnings[0].fieldRef: Invalid value: "
                + $"{GoText.Quote(fieldRef)}: invalid JSONPath: {complaint}",
            },
        Warn(fieldRef));

    [Fact]
    public void A_warning_says_what_it_is_about() => Assert.Equal(
        ["status.typeChecking.expressionWarnings[0].fieldRef: Required value"], Warn(" "));

    private static IReadOnlyList<string> Warn(string fieldRef)
    {
        const string Policy = """{"metadata":{"name":"a"},"spec":{}""";
        var warning = new JsonObject { ["warning"] = "w", ["fieldRef"] = fieldRef };
        var status = new JsonObject
        {
            ["typeChecking"] = new JsonObject { ["expressionWarnings"] = new JsonArray(warning) },
        };
        return StrategyProbe.Update(
            "ValidatingAdmissionPolicy", Policy + "}", $"{Policy},\"status\":{status.ToJsonString()}}}", "status");
    }

    private static IReadOnlyList<string> Create(string rest, string name = "a") => StrategyProbe.Create(
        "ValidatingAdmissionPolicy",
        $$$"""
        {"metadata":{"name":"{{{name}}}"},"spec":{"matchConstraints":{"resourceRules":[{"operations":["CREATE"],
            "apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]},{{{rest}}}}}
        """);
}
