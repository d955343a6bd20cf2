using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// The regular expressions of schemas. Matching takes time by the length of text and pattern only, as in Go.
/// </summary>
public static class SchemaPatterns
{
    /// <summary>Patterns that are kept compiled; beyond them, one is compiled as it is needed.</summary>
    private const int MaxKept = 10_000;

    private static readonly ConcurrentDictionary<string, Regex?> Known = new(StringComparer.Ordinal);

    /// <summary>A pattern ready for use; null when it is none.</summary>
    public static Regex? Find(string pattern)
    {
        if (Known.TryGetValue(pattern, out var known))
        {
            return known;
        }

        var made = Make(pattern);
        return Known.Count < MaxKept ? Known.GetOrAdd(pattern, made) : made;
    }

    /// <summary>Why a pattern is none, as Go says it; null when it is one.</summary>
    public static string? Complaint(string pattern)
    {
        if (Find(pattern) is not null)
        {
            return null;
        }

        var depth = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            (depth, i) = pattern[i] switch
            {
                '\\' => (depth, i + 1),
                '(' => (depth + 1, i),
                ')' => (depth - 1, i),
                _ => (depth, i),
            };
            if (depth < 0)
            {
                return $"error parsing regexp: unexpected ): `{pattern}`";
            }
        }

        return depth > 0 ? $"error parsing regexp: missing closing ): `{pattern}`"
            : pattern.StartsWith('*') || pattern.StartsWith('+') || pattern.StartsWith('?')
                ? $"error parsing regexp: missing argument to repetition operator: `{pattern[0]}`"
            : pattern.Contains('[', StringComparison.Ordinal)
                ? "error parsing regexp: missing closing ]: "
                    + $"`{pattern[pattern.IndexOf('[', StringComparison.Ordinal)..]}`"
            : $"error parsing regexp: invalid escape sequence: `{pattern}`";
    }

    private static Regex? Make(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
