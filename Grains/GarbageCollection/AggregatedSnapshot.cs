using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>
/// Objects of other servers that have owners or are deleted for their dependents' sake, as one look found them.
/// </summary>
/// <param name="Round">Which look it was.</param>
/// <param name="Found">What servers told.</param>
/// <param name="Kept">What was known before, of which this look told nothing.</param>
internal sealed record AggregatedSnapshot(
    long Round, IReadOnlyList<AggregatedObject> Found, IReadOnlyList<AggregatedObject> Kept)
{
    public static readonly AggregatedSnapshot Nothing = new(0, [], []);

    private readonly ILookup<string, AggregatedObject> _byOwner = Found.Concat(Kept)
        .SelectMany(static o => o.Item.Metadata.Owners.Select(owner => (owner.Uid, Object: o)))
        .ToLookup(static p => p.Uid, static p => p.Object, StringComparer.Ordinal);

    private readonly HashSet<string> _waiting = Found.Concat(Kept)
        .Where(static o => CollectionPlanner.IsForeground(o.Item)).Select(static o => o.Item.Uid)
        .ToHashSet(StringComparer.Ordinal);

    public IReadOnlyList<AggregatedObject> DependentsOf(string uid) => [.. _byOwner[uid].Distinct()];

    /// <summary>True when the going of an object is what one of these may wait for.</summary>
    public bool Concerns(ResourceObject gone) =>
        _byOwner.Contains(gone.Uid) || gone.Metadata.Owners.Any(o => _waiting.Contains(o.Uid));

    /// <summary>Asks all servers; says what went wrong.</summary>
    public async Task<(AggregatedSnapshot Next, IReadOnlyList<string> Failures)> NextAsync(
        AggregatedDiscovery discovery, AggregatedObjects objects, CancellationToken cancellationToken)
    {
        var (found, kept, failures) = (new List<AggregatedObject>(), new List<AggregatedObject>(), new List<string>());
        var known = Found.Concat(Kept).ToLookup(static o => o.Resource.Name);
        foreach (var resource in discovery.Resources.Where(IsCollected))
        {
            var look = await objects.ListAsync(resource, cancellationToken);
            if (look.Items is null)
            {
                failures.Add(look.Failure);
                kept.AddRange(known[resource.Name]);
            }
            else
            {
                var seen = look.Items.Select(static i => i.Item.Uid).ToHashSet(StringComparer.Ordinal);
                found.AddRange(look.Items.Where(static i => IsOfInterest(i.Item)));

                // What is gone is forgotten when a whole pass has not seen it.
                kept.AddRange(known[resource.Name].Where(
                    o => !look.IsWhole && o.Pass >= look.Pass - 1 && !seen.Contains(o.Item.Uid)));
            }
        }

        var silent = discovery.Stale.ToHashSet(StringComparer.Ordinal);
        kept.AddRange(known.SelectMany(static k => k).Where(
            o => silent.Contains($"{o.Resource.Name.Group}/{o.Resource.Version}")));
        return (new AggregatedSnapshot(Round + 1, found, kept), failures);
    }

    /// <summary>True when there is anything to ask for.</summary>
    public bool MayChange(AggregatedDiscovery discovery) =>
        Found.Count + Kept.Count > 0 || discovery.Resources.Any(IsCollected);

    private static bool IsCollected(AggregatedResource resource) =>
        resource.Verbs.Contains("list") && resource.Verbs.Contains("delete");

    private static bool IsOfInterest(ResourceObject item) => item.Metadata.Owners.Count > 0
        || CollectionPlanner.IsForeground(item) || CollectionPlanner.IsOrphaning(item);
}
