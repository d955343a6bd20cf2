using System.Globalization;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// The order of API versions: <c>v10, v2, v1, v11beta2, v3beta1, v12alpha1, foo10</c>. Stable before beta before alpha,
/// then higher numbers first; what is no version comes last, alphabetically.
/// </summary>
public sealed class KubeVersion : IComparer<string>
{
    public static readonly KubeVersion BestFirst = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        var (left, right) = (Parse(x ?? ""), Parse(y ?? ""));
        if (left is null || right is null)
        {
            return left is null && right is null ? string.CompareOrdinal(x, y) : left is null ? 1 : -1;
        }

        var byStage = right.Value.Stage.CompareTo(left.Value.Stage);
        var byMajor = right.Value.Major.CompareTo(left.Value.Major);
        return byStage != 0 ? byStage : byMajor != 0 ? byMajor : right.Value.Minor.CompareTo(left.Value.Minor);
    }

    private static (int Stage, int Major, int Minor)? Parse(string text)
    {
        if (text.Length < 2 || text[0] != 'v')
        {
            return null;
        }

        var rest = text.AsSpan(1);
        var stage = rest.Contains("beta", StringComparison.Ordinal) ? "beta" : rest.Contains(
            "alpha", StringComparison.Ordinal) ? "alpha" : "";
        if (stage.Length == 0)
        {
            return Number(rest) is { } only ? (2, only, 0) : null;
        }

        var at = rest.IndexOf(stage, StringComparison.Ordinal);
        return Number(rest[..at]) is { } major && Number(rest[(at + stage.Length)..]) is { } minor
            ? (stage == "beta" ? 1 : 0, major, minor)
            : null;
    }

    private static int? Number(ReadOnlySpan<char> text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
