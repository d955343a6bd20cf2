using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Warnings about what a pod asks of its node's labels.</summary>
internal static class NodeAffinityWarnings
{
    public static void Add(V1NodeAffinity affinity, FieldPath path, List<string> texts)
    {
        var terms = affinity.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms;
        var required = path.Child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
        for (var i = 0; i < (terms?.Count ?? 0); i++)
        {
            Term(terms![i], required.Index(i), texts, warnsOfValues: false);
        }

        var preferences = affinity.PreferredDuringSchedulingIgnoredDuringExecution;
        var preferred = path.Child("preferredDuringSchedulingIgnoredDuringExecution");
        for (var i = 0; i < (preferences?.Count ?? 0); i++)
        {
            Term(preferences![i].Preference, preferred.Index(i).Child("preference"), texts, warnsOfValues: true);
        }
    }

    /// <summary>Values that no label can have are an error in required terms, and a warning in others.</summary>
    private static void Term(V1NodeSelectorTerm? term, FieldPath path, List<string> texts, bool warnsOfValues)
    {
        for (var i = 0; i < (term?.MatchExpressions?.Count ?? 0); i++)
        {
            var expression = term!.MatchExpressions![i];
            var at = path.Child("matchExpressions").Index(i);
            if (PodWarnings.NodeLabel(expression.Key) is { } message)
            {
                texts.Add($"{at.Child("key")}: {expression.Key} is {message}");
            }

            for (var j = 0; warnsOfValues && j < (expression.Values?.Count ?? 0); j++)
            {
                Value(expression.Values![j] ?? "", at.Child("values").Index(j), texts);
            }
        }
    }

    private static void Value(string value, FieldPath path, List<string> texts)
    {
        if (!NameRules.IsLabelValue(value))
        {
            texts.AddRange(NameRules.LabelValue(value).Select(c => $"{path}: {value} is invalid, {c}"));
        }
    }
}
