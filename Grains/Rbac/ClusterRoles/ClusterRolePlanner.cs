using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Rbac.ClusterRoles;

/// <summary>Puts together a ClusterRole of others (upstream: <c>pkg/controller/clusterroleaggregation</c>).</summary>
public static class ClusterRolePlanner
{
    /// <summary>The rules that a role must get; null when it has them, or says itself which it has.</summary>
    /// <param name="role">The role.</param>
    /// <param name="all">All roles.</param>
    public static IList<V1PolicyRule>? Compute(V1ClusterRole role, IReadOnlyList<V1ClusterRole> all)
    {
        if (role.AggregationRule is not { } aggregation)
        {
            return null;
        }

        var rules = new List<V1PolicyRule>();
        var parts = (aggregation.ClusterRoleSelectors ?? []).Select(LabelSelector.Of).SelectMany(
            s => all.Where(r => r.Metadata.Name != role.Metadata.Name && s.Matches(r.Metadata))
                .OrderBy(r => r.Metadata.Name, StringComparer.Ordinal));
        foreach (var rule in parts.SelectMany(r => r.Rules ?? []))
        {
            if (!rules.Exists(known => ModelShape.SemanticEquals(known, rule)))
            {
                rules.Add(rule);
            }
        }

        var old = role.Rules ?? [];
        return old.Count == rules.Count && old.Zip(rules).All(p => ModelShape.SemanticEquals(p.First, p.Second))
            ? null
            : rules;
    }
}
