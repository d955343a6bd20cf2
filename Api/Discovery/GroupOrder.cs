using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.ApiRegistration.ApiServices;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Discovery;

/// <summary>
/// The order of groups in discovery. Clients prefer the earlier group when a short name is served by two, so it
/// matters: it is that of the priorities with which the groups are registered, then the alphabet.
/// </summary>
public static class GroupOrder
{
    /// <summary>The served groups, the core group excluded, each with its versions, best first.</summary>
    /// <param name="table">What this server serves.</param>
    /// <param name="remotes">What others serve behind it; of what both do, theirs counts.</param>
    public static IReadOnlyList<(string Group, IReadOnlyList<string> Versions)> Of(
        ResourceTable table, IReadOnlyList<RemoteVersion> remotes) =>
    [
        .. table.All
            .Select(static d => new Place(d.Name.Group, d.Version, ApiPriority.Of(d.Name.Group, d.Version)))
            .Where(static p => p.Group.Length > 0)
            .Concat(remotes.Select(static r => new Place(r.Group, r.Version, r.Priority)))
            .GroupBy(static p => p.Group, StringComparer.Ordinal)
            .OrderByDescending(static g => g.Max(static p => p.Priority.Group))
            .ThenBy(static g => g.Key, StringComparer.Ordinal)
            .Select(static g => (g.Key, Versions(g))),
    ];

    /// <summary>The versions of the core group.</summary>
    public static IReadOnlyList<string> CoreVersions(ResourceTable table) =>
        Versions(table.All.Where(static d => d.Name.Group.Length == 0)
            .Select(static d => new Place("", d.Version, ApiPriority.Of("", d.Version))));

    private static IReadOnlyList<string> Versions(IEnumerable<Place> places) =>
    [
        .. places.GroupBy(static p => p.Version, StringComparer.Ordinal)
            .OrderByDescending(static v => v.Max(static p => p.Priority.Version))
            .ThenBy(static v => v.Key, KubeVersion.BestFirst)
            .Select(static v => v.Key),
    ];

    private readonly record struct Place(string Group, string Version, ApiPriority Priority);
}
