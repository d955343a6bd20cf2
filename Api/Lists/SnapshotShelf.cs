using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>
/// Holds the snapshots that paged lists are going through, so that the next page costs no look into the change log.
/// Only an optimization: a page that finds nothing here is served from <see cref="ListView.TakeBack"/>. Snapshots share
/// their structure, so one held costs what has changed since.
/// </summary>
public sealed class SnapshotShelf(TimeProvider clock)
{
    /// <summary>
    /// Snapshots held for one resource; more concurrent pagings at different revisions fall back to the change log.
    /// </summary>
    public const int MaxPerResource = 4;

    /// <summary>How long a snapshot is held after its last use.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<ResourceName, List<Entry>> _entries = [];

    /// <summary>Holds a snapshot for the pages to come.</summary>
    public void Put(ResourceName resource, CacheSnapshot snapshot)
    {
        lock (_lock)
        {
            var entries = Fresh(resource);
            entries.RemoveAll(e => e.Snapshot.Revision == snapshot.Revision);
            if (entries.Count == MaxPerResource)
            {
                entries.RemoveAt(0);
            }

            entries.Add(new Entry(snapshot, clock.GetTimestamp()));
        }
    }

    /// <summary>The snapshot of one revision, if it is held.</summary>
    public CacheSnapshot? Find(ResourceName resource, long revision)
    {
        lock (_lock)
        {
            var entries = Fresh(resource);
            var at = entries.FindIndex(e => e.Snapshot.Revision == revision);
            if (at < 0)
            {
                return null;
            }

            var found = entries[at].Snapshot;
            entries.RemoveAt(at);
            entries.Add(new Entry(found, clock.GetTimestamp()));
            return found;
        }
    }

    private List<Entry> Fresh(ResourceName resource)
    {
        foreach (var entries in _entries.Values)
        {
            entries.RemoveAll(e => clock.GetElapsedTime(e.UsedAt) > Retention);
        }

        if (!_entries.TryGetValue(resource, out var known))
        {
            _entries[resource] = known = [];
        }

        return known;
    }

    private readonly record struct Entry(CacheSnapshot Snapshot, long UsedAt);
}
