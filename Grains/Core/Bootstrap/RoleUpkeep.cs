using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Rbac;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>
/// Mends built-in roles and bindings (upstream's <c>rbac/reconciliation</c>): what is missing is added, what an
/// administrator added stays, and an object whose annotation says so is left alone. All change the first argument.
/// </summary>
internal static class RoleUpkeep
{
    public static UpkeepAction Mend(V1ClusterRole role, V1ClusterRole wanted)
    {
        if (IsProtected(role.Metadata))
        {
            return UpkeepAction.None;
        }

        var isChanged = AddMetadata(role.Metadata, wanted.Metadata);
        isChanged |= AddRules(role.Rules, wanted.Rules, rules => role.Rules = rules);
        isChanged |= MendAggregation(role, wanted);
        return UpdateIf(isChanged);
    }

    public static UpkeepAction Mend(V1Role role, V1Role wanted)
    {
        if (IsProtected(role.Metadata))
        {
            return UpkeepAction.None;
        }

        var isChanged = AddMetadata(role.Metadata, wanted.Metadata);
        isChanged |= AddRules(role.Rules, wanted.Rules, rules => role.Rules = rules);
        return UpdateIf(isChanged);
    }

    public static UpkeepAction Mend(V1ClusterRoleBinding binding, V1ClusterRoleBinding wanted)
    {
        var (action, subjects) = Mend(
            new Bound(binding.Metadata, binding.RoleRef, binding.Subjects),
            new Bound(wanted.Metadata, wanted.RoleRef, wanted.Subjects));
        binding.Subjects = subjects;
        return action;
    }

    public static UpkeepAction Mend(V1RoleBinding binding, V1RoleBinding wanted)
    {
        var (action, subjects) = Mend(
            new Bound(binding.Metadata, binding.RoleRef, binding.Subjects),
            new Bound(wanted.Metadata, wanted.RoleRef, wanted.Subjects));
        binding.Subjects = subjects;
        return action;
    }

    private static (UpkeepAction Action, IList<Rbacv1Subject>? Subjects) Mend(Bound binding, Bound wanted)
    {
        if (IsProtected(binding.Metadata))
        {
            return (UpkeepAction.None, binding.Subjects);
        }

        if (!ModelShape.SemanticEquals(binding.Role, wanted.Role))
        {
            return (UpkeepAction.Recreate, binding.Subjects);
        }

        var isChanged = AddMetadata(binding.Metadata, wanted.Metadata);
        var known = (binding.Subjects ?? []).Select(Id).ToHashSet();
        var missing = (wanted.Subjects ?? []).Where(s => known.Add(Id(s))).ToList();
        if (missing.Count == 0)
        {
            return (UpdateIf(isChanged), binding.Subjects);
        }

        IList<Rbacv1Subject> all = [.. binding.Subjects ?? [], .. missing];
        return (UpkeepAction.Update, all);
    }

    private static UpkeepAction UpdateIf(bool isChanged) => isChanged ? UpkeepAction.Update : UpkeepAction.None;

    private static bool IsProtected(V1ObjectMeta metadata) =>
        metadata.Annotations?.TryGetValue(BootstrapPolicy.AutoUpdateAnnotation, out var value) == true
        && value == "false";

    /// <summary>What is there already wins.</summary>
    private static bool AddMetadata(V1ObjectMeta metadata, V1ObjectMeta wanted)
    {
        metadata.Annotations ??= new Dictionary<string, string>();
        metadata.Labels ??= new Dictionary<string, string>();
        return Add(metadata.Annotations, wanted.Annotations) | Add(metadata.Labels, wanted.Labels);
    }

    private static bool Add(IDictionary<string, string> texts, IDictionary<string, string> wanted)
    {
        var before = texts.Count;
        foreach (var (key, value) in wanted)
        {
            texts.TryAdd(key, value);
        }

        return texts.Count != before;
    }

    private static bool AddRules(
        IList<V1PolicyRule>? own, IList<V1PolicyRule>? wanted, Action<IList<V1PolicyRule>> set)
    {
        var missing = CoveringRule.Missing(own ?? [], wanted ?? []);
        if (missing.Count > 0)
        {
            set([.. own ?? [], .. missing]);
        }

        return missing.Count > 0;
    }

    private static bool MendAggregation(V1ClusterRole role, V1ClusterRole wanted)
    {
        if (wanted.AggregationRule is not { } aggregation)
        {
            var wasAggregated = role.AggregationRule is not null;
            role.AggregationRule = null;
            return wasAggregated;
        }

        var own = role.AggregationRule?.ClusterRoleSelectors ?? [];
        var missing = aggregation.ClusterRoleSelectors
            .Where(w => !own.Any(o => ModelShape.SemanticEquals(o, w))).ToList();
        if (missing.Count == 0)
        {
            return false;
        }

        role.AggregationRule = new V1AggregationRule { ClusterRoleSelectors = [.. own, .. missing] };
        return true;
    }

    private static (string Kind, string Group, string Namespace, string Name) Id(Rbacv1Subject subject) =>
        (subject.Kind, subject.ApiGroup ?? "", subject.NamespaceProperty ?? "", subject.Name);

    /// <summary>What both kinds of bindings have.</summary>
    private readonly record struct Bound(V1ObjectMeta Metadata, V1RoleRef Role, IList<Rbacv1Subject>? Subjects);
}
