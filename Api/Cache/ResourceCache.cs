using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>
/// This silo's copy of one resource. Everything in it has been published by the journal, so no reader can see what
/// another reader with a newer promise could not (P1, P4).
/// </summary>
public sealed class ResourceCache
{
    private readonly CacheOptions _options;
    private readonly TimeProvider _time;
    private readonly IJournalStore _store;
    private readonly LocalRevision _local;
    private readonly RevisionReader _revisions;
    private readonly FieldReader[] _indexed;
    private readonly List<Waiter> _waiters = [];
    private volatile CacheSnapshot? _current;
    private volatile bool _isClosed;

    internal ResourceCache(
        ResourceName resource, IReadOnlyList<string> indexedFields, IJournalStore store, LocalRevision local,
        Func<Task<long>> askRevision, CacheOptions options, TimeProvider time)
    {
        Resource = resource;
        _store = store;
        _options = options;
        _time = time;
        _local = local;
        _revisions = new RevisionReader(askRevision);
        _indexed = [.. indexedFields.Select(static p => new FieldReader(p))];
        Ring = new EventRing(options.RingEvents, options.RingBytes);
    }

    /// <summary>Which resource this is.</summary>
    public ResourceName Resource { get; }

    /// <summary>The newest state that has arrived here.</summary>
    public CacheSnapshot Current =>
        _current ?? throw new StoreUnavailableException($"the cache of {Resource} is loading; try again");

    internal Lock Lock { get; } = new();

    internal EventRing Ring { get; }

    internal WatcherSet Watchers { get; } = new();

    /// <summary>True when the silo stops; set under the lock.</summary>
    internal bool IsClosed => _isClosed;

    internal bool IsLoaded => _current is not null;

    /// <summary>A state at least as new as a revision; waits for it as long as the token allows.</summary>
    public ValueTask<CacheSnapshot> AtLeastAsync(long revision, CancellationToken cancellationToken)
    {
        var current = Current;
        return current.Revision >= revision
            ? ValueTask.FromResult(current)
            : new ValueTask<CacheSnapshot>(WaitAsync(revision, cancellationToken));
    }

    /// <summary>A state that contains every write acknowledged before the call (P5).</summary>
    public ValueTask<CacheSnapshot> ConsistentAsync(CancellationToken cancellationToken) =>
        !IsClosed && _local.TryRead(out var revision)
            ? AtLeastAsync(revision, cancellationToken)
            : AskedAsync(cancellationToken);

    /// <summary>
    /// Begins a watch. Events before the ring are read from the change log, so any retained revision will do.
    /// </summary>
    public CacheWatcher Watch(CacheWatchRequest request) => new(this, request, IndexKeyOf(request));

    internal long DeadlineAfter(TimeSpan wait) =>
        _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency);

    /// <summary>Replaces everything. Watchers that were live have a gap, and end.</summary>
    internal void Load(ObjectSnapshot loaded)
    {
        var snapshot = CacheSnapshotBuilder.Load(loaded, _indexed);
        lock (Lock)
        {
            Ring.Reset(loaded.Revision);
            _current = snapshot;
            Watchers.CloseAll(CacheWatchEnd.Overflow);
            Release(snapshot);
        }
    }

    /// <summary>Applies a batch of consecutive changes and tells watchers and readers.</summary>
    internal void Apply(IReadOnlyList<Change> changes)
    {
        var builder = Current.ToBuilder();
        var applied = new (CacheEvent Event, CachedObject? Previous, CachedObject? Next)[changes.Count];
        for (var i = 0; i < applied.Length; i++)
        {
            applied[i] = builder.Apply(changes[i]);
        }

        var snapshot = builder.Build();
        lock (Lock)
        {
            foreach (var (item, previous, next) in applied)
            {
                Ring.Add(item);
                if (!item.IsNothing)
                {
                    Watchers.Dispatch(item, previous, next, _options.WatcherEvents);
                }
            }

            _current = snapshot;
            Watchers.WakeWatchersOfEverything();
            Release(snapshot);
        }
    }

    /// <summary>
    /// Ends waits whose time is over. True when a reader waits so long that the pull in progress is in doubt.
    /// </summary>
    internal bool Tick()
    {
        var now = _time.GetTimestamp();
        lock (Lock)
        {
            Watchers.Tick(now);
            return _waiters.Exists(w => now >= w.DoubtAt);
        }
    }

    internal void Close()
    {
        lock (Lock)
        {
            _isClosed = true;
            Watchers.CloseAll(CacheWatchEnd.Closed);
            foreach (var waiter in _waiters)
            {
                waiter.Done.TrySetException(new StoreUnavailableException("the server is shutting down"));
            }

            _waiters.Clear();
        }
    }

    /// <summary>A page of the change log up to what is current here; null when it is too old.</summary>
    internal async Task<List<CacheEvent>?> ReadHistoryAsync(
        long after, int maxEvents, bool needsPrevious, CancellationToken cancellationToken)
    {
        var batch = await _store.ReadHistoryAsync(Resource, after, maxEvents, cancellationToken);
        if (batch.TooOld)
        {
            return null;
        }

        var result = new List<CacheEvent>(batch.Changes.Count);
        var current = Current.Revision;
        foreach (var change in batch.Changes)
        {
            if (change.Object.Revision > current)
            {
                // The store may be ahead of what the journal has published.
                break;
            }

            if (needsPrevious && change.PreviousRevision > 0 && change.Previous is null)
            {
                return null;
            }

            result.Add(new CacheEvent(change.Kind, change.Object, change.Previous));
        }

        Invariant.Check(result.Count > 0, "the log continues up to the cache", after);
        return result;
    }

    /// <summary>
    /// Whether an event is one for a watcher by index; for events whose field values are not at hand.
    /// </summary>
    internal bool Concerns(CacheEvent item, WatchIndexKey key) => !item.IsNothing && key.Kind switch
    {
        WatchIndexKind.Namespace => string.Equals(item.Object.Key.Namespace, key.Text, StringComparison.Ordinal),
        WatchIndexKind.Key => item.Object.Key == key.Key,
        _ => HasField(item.Object, key) || (item.Previous is { } previous && HasField(previous, key)),
    };

    private async ValueTask<CacheSnapshot> AskedAsync(CancellationToken cancellationToken) =>
        await AtLeastAsync(await _revisions.ReadAsync().WaitAsync(cancellationToken), cancellationToken);

    private bool HasField(ResourceObject item, WatchIndexKey key) =>
        string.Equals(_indexed[key.Field].Read(item.Json.Span), key.Text, StringComparison.Ordinal);

    private WatchIndexKey? IndexKeyOf(CacheWatchRequest request)
    {
        if (request.Key is { } key)
        {
            return new WatchIndexKey(WatchIndexKind.Key, 0, "", key);
        }

        if (request.Field is { } field && Array.FindIndex(_indexed, f => f.Path == field.Path) is >= 0 and var index)
        {
            return new WatchIndexKey(WatchIndexKind.Field, index, field.Value, default);
        }

        return request.Namespace.Length > 0
            ? new WatchIndexKey(WatchIndexKind.Namespace, 0, request.Namespace, default)
            : null;
    }

    private async Task<CacheSnapshot> WaitAsync(long revision, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(revision, DeadlineAfter(_options.PullDoubt));
        lock (Lock)
        {
            if (Current.Revision >= revision)
            {
                return Current;
            }

            if (IsClosed)
            {
                throw new StoreUnavailableException("the server is shutting down");
            }

            _waiters.Add(waiter);
        }

        try
        {
            return await waiter.Done.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (Lock)
            {
                _waiters.Remove(waiter);
            }

            throw;
        }
    }

    private void Release(CacheSnapshot snapshot)
    {
        _waiters.RemoveAll(w => w.Revision <= snapshot.Revision && w.Done.TrySetResult(snapshot));
    }

    private sealed class Waiter(long revision, long doubtAt)
    {
        public long Revision => revision;

        public long DoubtAt => doubtAt;

        public TaskCompletionSource<CacheSnapshot> Done { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
