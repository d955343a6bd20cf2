using System.Globalization;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// Whether a node fits a pod's nodeSelector and required node affinity, and whether volumes reach it. Pure.
/// </summary>
public static class NodeAffinity
{
    public static bool Matches(V1Pod pod, V1Node node)
    {
        var labels = node.Metadata.Labels ?? new Dictionary<string, string>();
        var selected = (pod.Spec.NodeSelector ?? new Dictionary<string, string>())
            .All(p => labels.TryGetValue(p.Key, out var value) && value == p.Value);
        var required = pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return selected && (required is null || (required.NodeSelectorTerms ?? []).Any(t => Matches(t, node, labels)));
    }

    public static bool Matches(V1PersistentVolume volume, V1Node node) =>
        volume.Spec.NodeAffinity?.Required is not { } required
            || (required.NodeSelectorTerms ?? []).Any(
                t => Matches(t, node, node.Metadata.Labels ?? new Dictionary<string, string>()));

    private static bool Matches(V1NodeSelectorTerm term, V1Node node, IDictionary<string, string> labels)
    {
        var expressions = term.MatchExpressions ?? [];
        var fields = term.MatchFields ?? [];
        return expressions.Count + fields.Count > 0
            && expressions.All(e => Matches(e, labels.TryGetValue(e.Key, out var value) ? value : null))
            && fields.All(f => f.Key == "metadata.name" && Matches(f, node.Metadata.Name));
    }

    private static bool Matches(V1NodeSelectorRequirement requirement, string? value)
    {
        var values = requirement.Values ?? [];
        return requirement.OperatorProperty switch
        {
            "In" => value is not null && values.Contains(value),
            "NotIn" => value is null || !values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            "Gt" => Compare(value, values) > 0,
            "Lt" => Compare(value, values) < 0,
            _ => false,
        };
    }

    private static int Compare(string? value, IList<string> values) =>
        values.Count == 1
        && long.TryParse(value, CultureInfo.InvariantCulture, out var actual)
        && long.TryParse(values[0], CultureInfo.InvariantCulture, out var bound)
            ? actual.CompareTo(bound)
            : 0;
}
