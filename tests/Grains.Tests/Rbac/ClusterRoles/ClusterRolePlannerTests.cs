using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Rbac.ClusterRoles;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Rbac.ClusterRoles;

public sealed class ClusterRolePlannerTests
{
    private static readonly Gen<(string Part, string[] Verbs)> Roles =
        Gen.Select(Gen.OneOf("x", "y", ""), Gen.OneOf("get", "list", "watch").Array[0, 3]);

    /// <summary>A sum of roles allows what one of its parts allows, and no more, and is then left alone.</summary>
    [Fact]
    public void A_sum_allows_what_its_parts_allow() => Gen.Select(
        Roles.Array[0, 5], Gen.OneOf("x", "y").Array[0, 2]).Check((roles, parts) =>
    {
        var all = roles.Select((r, i) => new V1ClusterRole
        {
            Metadata = new V1ObjectMeta { Name = $"r{i}", Labels = Label(r.Part) },
            Rules = [.. r.Verbs.Select(v => new V1PolicyRule { Verbs = [v], Resources = ["pods"], ApiGroups = [""] })],
        }).ToList();
        var sum = new V1ClusterRole
        {
            Metadata = new V1ObjectMeta { Name = "sum", Labels = Label("x") },
            AggregationRule = new V1AggregationRule
            {
                ClusterRoleSelectors = [.. parts.Select(p => new V1LabelSelector { MatchLabels = Label(p) })],
            },
            Rules = [new V1PolicyRule { Verbs = ["*"] }],
        };
        all.Add(sum);
        sum.Rules = ClusterRolePlanner.Compute(sum, all);
        Assert.Equal(
            roles.Where(r => parts.Contains(r.Part)).SelectMany(r => r.Verbs).Distinct().Order(StringComparer.Ordinal),
            sum.Rules!.Select(r => r.Verbs.Single()).Order(StringComparer.Ordinal));
        Assert.Null(ClusterRolePlanner.Compute(sum, all));
        sum.AggregationRule = null;
        Assert.Null(ClusterRolePlanner.Compute(sum, all));
    });

    private static Dictionary<string, string> Label(string part) => new() { ["part"] = part };
}
