using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>Comparisons in paths: of texts, of whole numbers, of other numbers, and of truth values.</summary>
internal static class JsonComparison
{
    private enum Sort
    {
        None,
        Text,
        Whole,
        Number,
        Truth,
    }

    /// <summary>Whether a comparison holds; null when there is no such comparison of these.</summary>
    public static bool? Holds(JsonNode left, string sign, JsonNode right)
    {
        var sort = SortOf(left);
        if (sort == Sort.None || sort != SortOf(right))
        {
            return null;
        }

        var order = sort switch
        {
            Sort.Text => string.CompareOrdinal(left.GetValue<string>(), right.GetValue<string>()),
            Sort.Whole => left.GetValue<long>().CompareTo(right.GetValue<long>()),
            Sort.Number => left.GetValue<double>().CompareTo(right.GetValue<double>()),
            _ => left.GetValue<bool>().CompareTo(right.GetValue<bool>()),
        };
        return sign switch
        {
            "==" => order == 0,
            "!=" => order != 0,
            _ when sort == Sort.Truth => null,
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            ">=" => order >= 0,
            _ => null,
        };
    }

    private static Sort SortOf(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.String => Sort.Text,
        JsonValueKind.True or JsonValueKind.False => Sort.Truth,
        JsonValueKind.Number when node.AsValue().TryGetValue<long>(out _) => Sort.Whole,
        JsonValueKind.Number when node.AsValue().TryGetValue<double>(out _) => Sort.Number,
        _ => Sort.None,
    };
}
