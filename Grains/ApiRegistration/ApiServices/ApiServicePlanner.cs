using k8s.Models;
using OrleansOrchestrator.Grains.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.ApiRegistration.ApiServices;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Metrics;

namespace OrleansOrchestrator.Grains.ApiRegistration.ApiServices;

/// <summary>What to do so that every group version that this server serves has its APIService.</summary>
internal sealed record ApiServicePlan
{
    public IReadOnlyList<V1APIService> Create { get; init; } = [];

    /// <summary>What there is, with another spec.</summary>
    public IReadOnlyList<V1APIService> Update { get; init; } = [];

    public IReadOnlyList<V1APIService> Delete { get; init; } = [];
}

/// <summary>
/// Upstream's rules of automatic registration: who serves a group version from the start sees to its APIService once,
/// when it starts; those of custom resources are kept as they are to be. APIServices without the label are other
/// people's.
/// </summary>
internal static class ApiServicePlanner
{
    /// <summary>On each APIService that is kept automatically.</summary>
    public const string Label = "kube-aggregator.kubernetes.io/automanaged";

    public const string OnStart = "onstart";
    public const string Always = "true";

    /// <summary>Those of the kinds that are built in.</summary>
    public static IEnumerable<V1APIService> OfBuiltIn(ResourceTable table) =>
        from definition in table.All
        where !definition.Of.IsCustom
        group definition by (definition.Name.Group, definition.Version) into served
        let priority = ApiPriority.Find(served.Key.Group, served.Key.Version)
        where priority is not null
        select Make(served.Key.Group, served.Key.Version, priority.Value, Label, OnStart);

    /// <summary>Those of the kinds that definitions make, of names that were not accepted too.</summary>
    public static IEnumerable<V1APIService> OfDefinitions(IEnumerable<DefinitionFacts> definitions) =>
        from definition in definitions
        from version in definition.ServedVersions
        group definition by (definition.Group, Version: version) into served
        select Make(served.Key.Group, served.Key.Version, ApiPriority.Custom, Label, Always);

    /// <summary>
    /// That of the figures of pods and nodes. Whoever brings a metrics server of their own registers it in its place,
    /// so it is made where there is none, and then left alone.
    /// </summary>
    public static V1APIService OfMetrics() =>
        Make(MetricsResources.Group, MetricsResources.Version, ApiPriority.Metrics, "k8s-app", "metrics-server");

    /// <summary>Compares what is to be with what is.</summary>
    /// <param name="desired">What is to be, each name once.</param>
    /// <param name="current">All there are.</param>
    /// <param name="isStart">The server starts: its own group versions are looked after, too.</param>
    public static ApiServicePlan Compute(
        IReadOnlyList<V1APIService> desired, IReadOnlyList<V1APIService> current, bool isStart)
    {
        var wanted = desired.ToDictionary(d => d.Metadata.Name, StringComparer.Ordinal);
        var known = current.Select(c => c.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var managed = current.Where(c => ManagedBy(c) is { } by && (by == Always || isStart)).ToList();
        return new ApiServicePlan
        {
            Create = [.. desired.Where(d => !known.Contains(d.Metadata.Name) && (ManagedBy(d) == Always || isStart))],
            Update =
            [
                .. from item in managed
                   let to = wanted.GetValueOrDefault(item.Metadata.Name)
                   where to is not null && (ManagedBy(to) == Always || isStart) && !IsSame(item.Spec, to.Spec)
                   select item with { Spec = to.Spec },
            ],
            Delete = [.. managed.Where(c => !wanted.ContainsKey(c.Metadata.Name))],
        };
    }

    private static string? ManagedBy(V1APIService item) =>
        item.Metadata.Labels?.TryGetValue(Label, out var by) == true && by is OnStart or Always ? by : null;

    private static bool IsSame(V1APIServiceSpec a, V1APIServiceSpec b) =>
        (a.Group ?? "", a.Version, a.GroupPriorityMinimum, a.VersionPriority)
            == (b.Group ?? "", b.Version, b.GroupPriorityMinimum, b.VersionPriority)
        && a.Service is null && a.InsecureSkipTLSVerify != true && a.CaBundle is null or { Length: 0 };

    private static V1APIService Make(string group, string version, ApiPriority priority, string label, string value) =>
        new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = $"{version}.{group}", Labels = new Dictionary<string, string> { [label] = value },
            },
            Spec = new V1APIServiceSpec
            {
                Group = group.Length == 0 ? null : group, Version = version,
                GroupPriorityMinimum = priority.Group, VersionPriority = priority.Version,
            },
        };
}
