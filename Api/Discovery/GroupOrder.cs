using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Discovery;

/// <summary>
/// The order of groups in discovery. Clients prefer the earlier group when a short name is served by two, so it
/// matters; built-in groups stand in upstream's order, all others follow alphabetically.
/// </summary>
public static class GroupOrder
{
    private static readonly string[] BuiltIn =
    [
        "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch",
        "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io",
        "admissionregistration.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io",
        "discovery.k8s.io", "resource.k8s.io", "flowcontrol.apiserver.k8s.io",
    ];

    /// <summary>The served groups, the core group excluded, each with its versions, best first.</summary>
    public static IReadOnlyList<(string Group, IReadOnlyList<string> Versions)> Of(ResourceTable table) =>
    [
        .. table.All
            .Where(d => d.Name.Group.Length > 0)
            .GroupBy(d => d.Name.Group, StringComparer.Ordinal)
            .OrderBy(g => Rank(g.Key))
            .ThenBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => (g.Key, VersionsOf(g))),
    ];

    /// <summary>The versions of the core group.</summary>
    public static IReadOnlyList<string> CoreVersions(ResourceTable table) =>
        VersionsOf(table.All.Where(d => d.Name.Group.Length == 0));

    private static IReadOnlyList<string> VersionsOf(IEnumerable<ResourceDefinition> definitions) =>
        [.. definitions.Select(d => d.Version).Distinct(StringComparer.Ordinal).Order(KubeVersion.BestFirst)];

    private static int Rank(string group) => Array.IndexOf(BuiltIn, group) is >= 0 and var rank ? rank : BuiltIn.Length;
}
