using System.Text;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>
/// Label selectors: what they select, and a text that is the same for selectors that say the same. Pure.
/// </summary>
public static class Selection
{
    /// <summary>Whether a selector selects what has these labels; an empty one selects everything.</summary>
    public static bool Selects(this V1LabelSelector selector, IReadOnlyDictionary<string, string> labels) =>
        (selector.MatchLabels ?? new Dictionary<string, string>())
            .All(l => labels.TryGetValue(l.Key, out var value) && value == l.Value)
        && (selector.MatchExpressions ?? []).All(e => Holds(e, labels));

    /// <summary>Tells what it says; null for none.</summary>
    public static string Text(V1LabelSelector? selector)
    {
        if (selector is null)
        {
            return "-";
        }

        var text = new StringBuilder();
        foreach (var (key, value) in (selector.MatchLabels ?? new Dictionary<string, string>())
            .OrderBy(static l => l.Key, StringComparer.Ordinal))
        {
            text.Append(key).Append('=').Append(value).Append(';');
        }

        foreach (var expression in (selector.MatchExpressions ?? []).Select(Text).Order(StringComparer.Ordinal))
        {
            text.Append(expression).Append(';');
        }

        return text.ToString();
    }

    // Labels hold neither spaces nor commas nor semicolons.
    private static string Text(V1LabelSelectorRequirement expression) =>
        $"{expression.Key} {expression.OperatorProperty} "
            + string.Join(',', (expression.Values ?? []).Order(StringComparer.Ordinal));

    private static bool Holds(V1LabelSelectorRequirement expression, IReadOnlyDictionary<string, string> labels)
    {
        var isThere = labels.TryGetValue(expression.Key, out var value);
        var isAmong = isThere && (expression.Values ?? []).Contains(value!);
        return expression.OperatorProperty switch
        {
            "In" => isAmong,
            "NotIn" => !isAmong,
            "Exists" => isThere,
            "DoesNotExist" => !isThere,
            _ => false,
        };
    }
}
