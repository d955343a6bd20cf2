using k8s.Models;
using OrleansOrchestrator.Grains.Rbac.ClusterRoles;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
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

    private void AddRole(string name, string label, params string[] resources) => _world.Api.Seed(new V1ClusterRole
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { ["part"] = label } },
        Rules = [.. resources.Select(r => new V1PolicyRule { ApiGroups = [""], Resources = [r], Verbs = ["get"] })],
    });

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
