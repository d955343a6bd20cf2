using OrleansOrchestrator.Api.Cache;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>
/// Holds the snapshots that paged lists are going through, so that the next page costs no look into the change log.
/// Only an optimization: a page that finds nothing here is served from <see cref="ListView.TakeBack"/>. Snapshots share
/// their structure, so one held costs the objects that have been replaced since.
/// </summary>
public sealed class SnapshotShelf : IDisposable
{
    /// <summary>
    /// Snapshots held for one resource; more concurrent pagings at different revisions fall back to the change log.
    /// </summary>
    public const int MaxPerResource = 4;

    /// <summary>What all that is held may keep in memory of objects that have been replaced.</summary>
    public const long MaxBytes = 64 * 1024 * 1024;

    /// <summary>How long a snapshot is held after its last use.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromMinutes(1);

    /// <summary>How often what is held is looked over: writes go on while nobody lists.</summary>
    public static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _clock;
    private readonly ITimer _sweeper;
    private readonly Lock _lock = new();

    /// <summary>In order of use, the least recent first.</summary>
    private readonly List<Entry> _entries = [];

    public SnapshotShelf(TimeProvider clock)
    {
        _clock = clock;
        _sweeper = clock.CreateTimer(
            static state => ((SnapshotShelf)state!).Sweep(), this, SweepInterval, SweepInterval);
    }

    /// <summary>How many snapshots are held.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Holds a snapshot for the pages to come.</summary>
    public void Put(ResourceCache cache, CacheSnapshot snapshot)
    {
        lock (_lock)
        {
            Take(cache, snapshot.Revision);
            if (_entries.Count(e => e.Cache == cache) == MaxPerResource)
            {
                _entries.RemoveAt(_entries.FindIndex(e => e.Cache == cache));
            }

            _entries.Add(new Entry(cache, snapshot, _clock.GetTimestamp()));
            RemoveSurplus();
        }
    }

    /// <summary>The snapshot of one revision, if it is held.</summary>
    public CacheSnapshot? Find(ResourceCache cache, long revision)
    {
        lock (_lock)
        {
            if (Take(cache, revision) is not { } found)
            {
                return null;
            }

            _entries.Add(found with { UsedAt = _clock.GetTimestamp() });
            return found.Snapshot;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _sweeper.Dispose();

    private Entry? Take(ResourceCache cache, long revision)
    {
        var at = _entries.FindIndex(e => e.Cache == cache && e.Snapshot.Revision == revision);
        if (at < 0)
        {
            return null;
        }

        var found = _entries[at];
        _entries.RemoveAt(at);
        return found;
    }

    private void Sweep()
    {
        lock (_lock)
        {
            _entries.RemoveAll(e => _clock.GetElapsedTime(e.UsedAt) >= Retention);
            RemoveSurplus();
        }
    }

    /// <summary>Lets go of what was used longest ago until the rest is within its bound.</summary>
    private void RemoveSurplus()
    {
        for (var held = _entries.Sum(static e => e.HeldBytes); held > MaxBytes && _entries.Count > 0;)
        {
            held -= _entries[0].HeldBytes;
            _entries.RemoveAt(0);
        }
    }

    private sealed record Entry(ResourceCache Cache, CacheSnapshot Snapshot, long UsedAt)
    {
        /// <summary>A cache that has been loaded anew shares nothing with what it was, and counts from 0.</summary>
        public long HeldBytes => Cache.Current.ReplacedBytes is var now && now >= Snapshot.ReplacedBytes
            ? now - Snapshot.ReplacedBytes
            : MaxBytes + 1;
    }
}
