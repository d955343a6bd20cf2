using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration.Policies;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.AdmissionRegistration.Policies;

public sealed class PolicyBindingRulesTests
{
    [Theory]
    [InlineData("ValidatingAdmissionPolicyBinding", "matchResources")]
    [InlineData("MutatingAdmissionPolicyBinding", "matchResouces")]
    public void A_fault_of_what_is_matched_is_where_it_was_written(string kind, string field) => Assert.Equal(
        [$"spec.{field}.matchPolicy: Unsupported value: \"Near\": supported values: \"Equivalent\", \"Exact\""],
        StrategyProbe.Create(
            kind,
            """
            {"spec":{"policyName":"a","validationActions":["Deny"],"matchResources":{"matchPolicy":"Near"}}}
            """));

    [Fact]
    public void A_binding_that_validates_is_about_deletions_too() =>
        Assert.Empty(Bind("ValidatingAdmissionPolicyBinding", "DELETE"));

    [Fact]
    public void A_binding_that_changes_is_not_about_deletions() => Assert.Equal(
        [
            "spec.matchResources.resourceRules.operations: Unsupported value: \"DELETE\": "
                + "supported values: \"*\", \"CONNECT\", \"CREATE\", \"UPDATE\"",
        ],
        Bind("MutatingAdmissionPolicyBinding", "DELETE"));

    [Fact]
    public void A_binding_that_changes_is_about_the_other_operations() =>
        Assert.Empty(Bind("MutatingAdmissionPolicyBinding", "UPDATE"));

    /// <summary>Nobody can tell from a binding whether what parameterizes it is in a namespace.</summary>
    [Theory]
    [InlineData("n", "n/p")]
    [InlineData(null, "*/p")]
    public void A_parameter_may_be_of_any_namespace(string? space, string shown) =>
        Assert.Equal(shown, PolicyBindingRules.Shown(new V1ParamRef { Name = "p", NamespaceProperty = space }));

    private static IReadOnlyList<string> Bind(string kind, string operation) => StrategyProbe.Create(
        kind,
        $$"""
        {
          "spec": {
            "policyName": "a",
            "validationActions": ["Deny"],
            "matchResources": {
              "resourceRules": [
                {
                  "operations": ["{{operation}}"],
                  "apiGroups": [""],
                  "apiVersions": ["v1"],
                  "resources": ["pods"]
                }
              ]
            }
          }
        }
        """);
}
