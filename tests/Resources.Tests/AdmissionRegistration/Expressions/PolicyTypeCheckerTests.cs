using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.AdmissionRegistration.Expressions;

/// <summary>What does not fit the kinds of a policy is told, in upstream's words.</summary>
public sealed class PolicyTypeCheckerTests
{
    [Theory]
    [InlineData("object.spec.replicas > 3 || oldObject.metadata.name == namespaceObject.metadata.name")]
    [InlineData("object.spec.template.spec.containers.all(c, c.image.startsWith('a') && has(c.resources.limits))")]
    [InlineData("object.metadata.creationTimestamp > timestamp('2000-01-01T00:00:00Z') && variables.n.size() > 0")]
    [InlineData("authorizer.requestResource.check('get').allowed() && request.name == 'x' && params.data.a == 'b'")]
    public void WhatFitsIsNotTold(string expression) => Assert.Empty(Check(expression, "deployments"));

    [Fact]
    public void WhatDoesNotFitIsToldForEachKind()
    {
        var warnings = Check(
            "object.spec.replicas.nope > 3", "deployments", "replicasets", "deployments/scale", "nothing");
        Assert.Equal("spec.validations[0].expression", Assert.Single(warnings).FieldRef);
        const string Why = "ERROR: <input>:1:21: type 'int' does not support field selection\n"
            + " | object.spec.replicas.nope > 3\n | ....................^\n";
        Assert.Equal(
            $"apps/v1, Kind=Deployment: {Why}\napps/v1, Kind=ReplicaSet: {Why}", warnings[0].Warning);
    }

    [Fact]
    public void TheCoreGroupHasNoName()
    {
        var spec = Spec("object.nope", "configmaps");
        spec.MatchConstraints.ResourceRules[0].ApiGroups = [""];
        var warning = Assert.Single(PolicyTypeChecker.Check(spec, BuiltInResources.Table)).Warning;
        Assert.StartsWith("/v1, Kind=ConfigMap: ERROR: ", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void WildcardsAreNotLookedAt() => Assert.Empty(Check("object.nope", "*"));

    [Fact]
    public void MessagesAndVariablesAreLookedAtToo()
    {
        var spec = Spec("true", "deployments");
        spec.Validations[0].MessageExpression = "variables.n.nope";
        Assert.Equal(
            "spec.validations[0].messageExpression",
            Assert.Single(PolicyTypeChecker.Check(spec, BuiltInResources.Table)).FieldRef);
    }

    private static IReadOnlyList<V1ExpressionWarning> Check(string expression, params string[] resources) =>
        PolicyTypeChecker.Check(Spec(expression, resources), BuiltInResources.Table);

    private static V1ValidatingAdmissionPolicySpec Spec(string expression, params string[] resources) => new()
    {
        ParamKind = new V1ParamKind { ApiVersion = "v1", Kind = "ConfigMap" },
        MatchConstraints = new V1MatchResources
        {
            ResourceRules =
            [
                new V1NamedRuleWithOperations
                {
                    ApiGroups = ["apps"], ApiVersions = ["v1"], Operations = ["*"], Resources = resources,
                },
            ],
        },
        Variables = [new V1Variable { Name = "n", Expression = "object.metadata.name" }],
        Validations = [new V1Validation { Expression = expression }],
    };
}
