using k8s.Models;
using OrleansOrchestrator.Grains.Rbac.ClusterRoles;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Rbac.ClusterRoles;

public sealed class ClusterRoleReconcilerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task A_role_has_each_rule_of_its_parts_once_in_the_order_of_their_names()
    {
        AddRole("z", "a", "pods", "nodes");
        AddRole("b", "a", "nodes", "secrets");
        AddRole("other", "c", "leases");
        AddRole("d", "b", "services");
        AddSum("sum", "a", "b");
        await StepAsync();
        Assert.Equal(["nodes", "secrets", "pods", "services"], Rules());
        var writes = _world.Api.Writes;
        await StepAsync();
        Assert.Equal(writes, _world.Api.Writes);

        _world.Api.Delete<V1ClusterRole>("", "b");
        await StepAsync();
        Assert.Equal(["pods", "nodes", "services"], Rules());
    }

    [Fact]
    public async Task Rules_of_a_role_without_parts_are_its_own()
    {
        AddRole("sum", "a", "pods");
        await StepAsync();
        Assert.Equal(["pods"], Rules());
    }

    [Fact]
    public async Task Rules_of_a_sum_without_parts_stay_whose_they_are()
    {
        AddSum("sum", "a");
        _world.Api.Change<V1ClusterRole>("", "sum", static r => r.Rules = Rule("pods"));
        await StepAsync();
        Assert.Equal(["pods"], Rules());
    }

    [Fact]
    public async Task Whoever_narrows_a_role_meanwhile_is_not_overwritten()
    {
        AddRole("part", "a", "secrets");
        AddSum("sum", "a");
        _world.Api.BeforeList = _ => _world.Api.Change<V1ClusterRole>("", "sum", static r =>
        {
            r.AggregationRule = null;
            r.Rules = Rule("pods");
        });
        await StepAsync();
        Assert.Equal(["pods"], Rules());
    }

    /// <summary>Earlier versions of the controller updated roles, as the controller manager.</summary>
    [Theory]
    [InlineData("kube-controller-manager", "Update", 0)]
    [InlineData("kubectl-edit", "Update", 1)]
    [InlineData("kube-controller-manager", "Apply", 1)]
    public async Task Rules_that_an_update_of_the_controller_left_go(string manager, string operation, int left)
    {
        AddSum("sum", "a");
        _world.Api.Change<V1ClusterRole>("", "sum", r =>
        {
            r.Rules = Rule("pods");
            r.Metadata.ManagedFields =
            [
                new V1ManagedFieldsEntry
                {
                    Manager = manager, Operation = operation, ApiVersion = "rbac.authorization.k8s.io/v1",
                    FieldsType = "FieldsV1", FieldsV1 = FieldsV1.Of("""{"f:rules":{}}"""u8.ToArray()),
                },
            ];
        });
        await StepAsync();
        Assert.Equal(left, _world.Api.Find<V1ClusterRole>("", "sum")!.Rules?.Count ?? 0);
    }

    private void AddRole(string name, string label, params string[] resources) => _world.Api.Seed(new V1ClusterRole
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["part"] = label } },
        Rules = Rule(resources),
    });

    private static List<V1PolicyRule> Rule(params string[] resources) =>
        [.. resources.Select(r => new V1PolicyRule { ApiGroups = [""], Resources = [r], Verbs = ["get"] })];

    private void AddSum(string name, params string[] labels) => _world.Api.Seed(new V1ClusterRole
    {
        Metadata = new V1ObjectMeta { Name = name },
        AggregationRule = new V1AggregationRule
        {
            ClusterRoleSelectors =
            [
                .. labels.Select(l => new V1LabelSelector
                {
                    MatchLabels = new Dictionary<string, string> { ["part"] = l },
                }),
            ],
        },
    });

    private Task<Grains.Kernel.ReconcileResult> StepAsync() =>
        new ClusterRoleReconciler(new ObjectKey("", "sum"), _world.Services).ReconcileAsync(default);

    private IEnumerable<string> Rules() =>
        _world.Api.Find<V1ClusterRole>("", "sum")!.Rules.SelectMany(r => r.Resources);
}
