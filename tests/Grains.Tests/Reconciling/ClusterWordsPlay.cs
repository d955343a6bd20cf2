using k8s.Models;
using OrleansOrchestrator.Grains.AdmissionRegistration;
using OrleansOrchestrator.Grains.Core.ConfigMaps;
using OrleansOrchestrator.Grains.FlowControl;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// What the cluster says of itself: whether schemas have their levels, whether the expressions of policies fit, and
/// whose certificates are good. Levels come and go, a policy is mended, and somebody spoils the certificates.
/// </summary>
internal sealed class ClusterWordsPlay : CrashPlay
{
    private FlowSchemaController _schemas = null!;
    private PolicyStatusController _policies = null!;
    private ClusterAuthenticationController _authentication = null!;

    protected override int Acts => 3;

    protected override void SetUp()
    {
        AddSchema("a", "level");
        AddSchema("b", "other");
        World.Api.Seed(
            new V1PriorityLevelConfiguration { Metadata = new V1ObjectMeta { Name = "other" } });
        AddPolicy("good", "object.spec.replicas > 3");
        AddPolicy("bad", "object.spec.replicas.nope > 3");
    }

    protected override void Change(int act)
    {
        switch (act)
        {
            case 1:
                World.Api.Seed(
                    new V1PriorityLevelConfiguration { Metadata = new V1ObjectMeta { Name = "level" } });
                World.Api.Change<V1ValidatingAdmissionPolicy>(
                    "", "bad", static p => p.Spec.Validations[0].Expression = "object.spec.replicas > 4");
                World.Api.Change<V1ConfigMap>(
                    "kube-system", "extension-apiserver-authentication", static c => c.Data = null);
                break;
            case 2:
                World.Api.Delete<V1PriorityLevelConfiguration>("", "other");
                World.Api.Delete<V1ConfigMap>("kube-system", "extension-apiserver-authentication");
                break;
        }
    }

    protected override void Step()
    {
        _schemas.ResyncAsync(default).GetAwaiter().GetResult();
        _policies.ResyncAsync(default).GetAwaiter().GetResult();
        _authentication.ResyncAsync(default).GetAwaiter().GetResult();
    }

    protected override void LoseMemory()
    {
        _schemas = new FlowSchemaController(World.Services);
        _policies = new PolicyStatusController(World.Services);
        _authentication = new ClusterAuthenticationController(World.Services);
    }

    protected override void Check() => Assert.All(
        World.Api.All<V1FlowSchema>(), static s => Assert.True(s.Status?.Conditions is null or { Count: 1 }));

    private void AddSchema(string name, string level) => World.Api.Seed(new V1FlowSchema
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1FlowSchemaSpec
        {
            PriorityLevelConfiguration = new V1PriorityLevelConfigurationReference { Name = level },
        },
    });

    private void AddPolicy(string name, string expression) => World.Api.Seed(new V1ValidatingAdmissionPolicy
    {
        Metadata = new V1ObjectMeta { Name = name },
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
