using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Rbac.Roles;

/// <summary>The rules of ClusterRoles.</summary>
public sealed class ClusterRoleStrategy() : RbacStrategy<V1ClusterRole>(isNamespaced: false)
{
    public override void SetDefaults(V1ClusterRole item) => ModelShape.Normalize(item);

    public override void Validate(V1ClusterRole item, FieldErrors errors)
    {
        PolicyRules.Validate(item.Rules, IsNamespaced, errors);
        if (item.AggregationRule is not null)
        {
            ValidateAggregation(item.AggregationRule.ClusterRoleSelectors ?? [], errors);
        }
    }

    private static void ValidateAggregation(IList<V1LabelSelector> selectors, FieldErrors errors)
    {
        var path = FieldPath.Of("aggregationRule", "clusterRoleSelectors");
        if (selectors.Count == 0)
        {
            errors.Required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
        }

        for (var i = 0; i < selectors.Count; i++)
        {
            var before = errors.Count;
            LabelSelectorRules.Validate(selectors[i], path.Index(i), errors);
            if (errors.Count != before)
            {
                // Upstream shows what it could not make of the selector.
                errors.Invalid(path.Index(i), null, "invalid label selector.");
            }
        }
    }
}
