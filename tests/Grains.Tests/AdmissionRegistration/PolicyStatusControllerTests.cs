using k8s.Models;
using OrleansOrchestrator.Grains.AdmissionRegistration;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.AdmissionRegistration;

public sealed class PolicyStatusControllerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task A_generation_is_checked_once()
    {
        Seed("object.spec.replicas.nope > 3");
        await StepAsync();
        var warning = Assert.Single(Status().TypeChecking.ExpressionWarnings);
        Assert.Equal("spec.validations[0].expression", warning.FieldRef);
        Assert.StartsWith("apps/v1, Kind=Deployment: ERROR: <input>:1:21: ", warning.Warning, StringComparison.Ordinal);
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);

        _world.Api.Change<V1ValidatingAdmissionPolicy>(
            "", "p", static p => p.Spec.Validations[0].Expression = "object.spec.replicas > 3");
        await StepAsync();
        Assert.Equal(2, Status().ObservedGeneration);
    }

    private Task StepAsync() => new PolicyStatusController(_world.Services).ResyncAsync(default);

    private V1ValidatingAdmissionPolicyStatus Status() =>
        _world.Api.Find<V1ValidatingAdmissionPolicy>("", "p")!.Status;

    private void Seed(string expression) => _world.Api.Seed(new V1ValidatingAdmissionPolicy
    {
        Metadata = new V1ObjectMeta { Name = "p", Generation = 1 },
        Spec = new V1ValidatingAdmissionPolicySpec
        {
            FailurePolicy = "Fail",
            MatchConstraints = new V1MatchResources
            {
                MatchPolicy = "Equivalent", NamespaceSelector = new(), ObjectSelector = new(),
                ResourceRules =
                [
                    new V1NamedRuleWithOperations
                    {
                        ApiGroups = ["apps"], ApiVersions = ["v1"], Operations = ["CREATE"],
                        Resources = ["deployments"], Scope = "*",
                    },
                ],
            },
            Validations = [new V1Validation { Expression = expression }],
        },
    });
}
