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

    private static IReadOnlyList<string> Create(string rest, string name = "a") => StrategyProbe.Create(
        "ValidatingAdmissionPolicy",
        $$$"""
        {"metadata":{"name":"{{{name}}}"},"spec":{"matchConstraints":{"resourceRules":[{"operations":["CREATE"],
            "apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]},{{{rest}}}}}
        """);
}
