using k8s.Models;

namespace OrleansOrchestrator.Grains.Policy.PodDisruptionBudgets;

/// <summary>A <c>meta/v1 LabelSelector</c> as upstream's generated code prints it, which an event quotes.</summary>
internal static class SelectorText
{
    public static string Of(V1LabelSelector? selector)
    {
        if (selector is null)
        {
            return "nil";
        }

        var labels = (selector.MatchLabels ?? new Dictionary<string, string>())
            .OrderBy(l => l.Key, StringComparer.Ordinal)
            .Select(l => $"{l.Key}: {l.Value},");
        var expressions = (selector.MatchExpressions ?? []).Select(
            e => $"LabelSelectorRequirement{{Key:{e.Key},Operator:{e.OperatorProperty},Values:"
                + $"[{string.Join(' ', e.Values ?? [])}],}},");
        return $"&LabelSelector{{MatchLabels:map[string]string{{{string.Concat(labels)}}},"
            + $"MatchExpressions:[]LabelSelectorRequirement{{{string.Concat(expressions)}}},}}";
    }
}
