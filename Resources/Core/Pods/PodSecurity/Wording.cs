namespace OrleansOrchestrator.Resources.Core.Pods.PodSecurity;

/// <summary>The phrases of which upstream builds its findings.</summary>
internal static class Wording
{
    /// <summary><c>"a", "b"</c>.</summary>
    public static string Quote(IEnumerable<string> items) => string.Join(", ", items.Select(i => $"\"{i}\""));

    /// <summary>The distinct items, in order, quoted.</summary>
    public static string QuoteSorted(IEnumerable<string> items) => Quote(Sorted(items));

    public static IReadOnlyList<string> Sorted(IEnumerable<string> items) =>
        [.. items.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    public static string Plural(int count, string one, string many) => count == 1 ? one : many;

    /// <summary><c>container "a"</c> or <c>containers "a", "b"</c>.</summary>
    public static string Containers(IReadOnlyCollection<string> names) =>
        $"{Plural(names.Count, "container", "containers")} {Quote(names)}";

    /// <summary>Who set something: <c>pod and container "a"</c>; empty for nobody.</summary>
    public static string Setters(bool pod, IReadOnlyCollection<string> containers, string? others = null) =>
        string.Join(" and ", new[] { pod
            ? "pod" : null, containers.Count > 0 ? Containers(containers) : null, others }.Where(s => s is not null));
}
