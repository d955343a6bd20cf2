using System.Threading.Tasks.Sources;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>
/// One watcher of a cache; dispose it to leave. Reads are not concurrent with each other.
///
/// A watcher goes through two phases. While its revision is older than the cache's ring it reads the change log, page
/// by page (history). Then it is live: a watcher of everything is a cursor into the ring, shared by all and therefore
/// without a buffer of its own; a watcher by index has a bounded queue that publication fills. Who falls behind either
/// bound is ended (P7).
///
/// All fields are guarded by the cache's lock. Waiting allocates nothing: the watcher is its own value task source.
/// </summary>
public sealed class CacheWatcher : IValueTaskSource, IDisposable
{
    private readonly ResourceCache _cache;
    private readonly WatchIndexKey? _key;
    private readonly bool _needsPrevious;
    private ManualResetValueTaskSourceCore<bool> _wake = new() { RunContinuationsAsynchronously = true };
    private Queue<CacheEvent>? _queue;
    private bool _isWaiting;
    private bool _isLive;
    private long _deadline;

    internal CacheWatcher(ResourceCache cache, CacheWatchRequest request, WatchIndexKey? key)
    {
        _cache = cache;
        _key = key;
        _needsPrevious = request.NeedsPrevious || key is { Kind: WatchIndexKind.Field };
        Revision = request.AfterRevision;
    }

    /// <summary>Everything up to here has been delivered, or does not concern this watcher.</summary>
    internal long Revision { get; private set; }

    internal WatchIndexKey? Key => _key;

    internal CacheWatchEnd End { get; private set; }

    /// <summary>
    /// The next events, waiting up to <paramref name="wait"/> (to the cache's tick) for the first. After a wait without
    /// events the batch is empty but its revision is current, so it is the moment for a bookmark. So it is, without a
    /// wait, after revisions without a change.
    /// </summary>
    public async ValueTask<CacheEventBatch> ReadAsync(int maxEvents, TimeSpan wait, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var before = Revision;
        if (!_isLive && await ReadHistoryAsync(maxEvents, cancellationToken) is { } history)
        {
            return history;
        }

        ValueTask wake;
        lock (_cache.Lock)
        {
            var ready = TryRead(maxEvents);
            if (ready.Events.Count > 0 || ready.End != CacheWatchEnd.None || wait <= TimeSpan.Zero
                || (_queue is null && ready.Revision > before))
            {
                return ready;
            }

            _wake.Reset();
            _isWaiting = true;
            _deadline = _cache.DeadlineAfter(wait);
            wake = new ValueTask(this, _wake.Version);
        }

        await using (cancellationToken.UnsafeRegister(static watcher => ((CacheWatcher)watcher!).WakeLocked(), this))
        {
            await wake;
        }

        cancellationToken.ThrowIfCancellationRequested();
        lock (_cache.Lock)
        {
            return TryRead(maxEvents);
        }
    }

    /// <summary>Leaves the cache; a read in progress ends.</summary>
    public void Dispose()
    {
        lock (_cache.Lock)
        {
            _cache.Watchers.Remove(this);
            Close(CacheWatchEnd.Closed);
        }
    }

    void IValueTaskSource.GetResult(short token) => _wake.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wake.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wake.OnCompleted(continuation, state, token, flags);

    /// <summary>Takes an event that concerns this watcher by index. Called by publication, under the lock.</summary>
    internal void Enqueue(CacheEvent item, int maxQueued)
    {
        if (End != CacheWatchEnd.None || item.Revision <= Revision)
        {
            return;
        }

        if (_queue!.Count >= maxQueued)
        {
            Close(CacheWatchEnd.Overflow);
            return;
        }

        _queue.Enqueue(item);
        Wake();
    }

    /// <summary>
    /// Ends the watch, under the lock. What is queued is dropped: the end must not wait for a slow reader.
    /// </summary>
    internal void Close(CacheWatchEnd end)
    {
        if (End == CacheWatchEnd.None)
        {
            End = end;
            _queue?.Clear();
        }

        Wake();
    }

    /// <summary>Ends a wait, under the lock.</summary>
    internal void Wake()
    {
        if (_isWaiting)
        {
            _isWaiting = false;
            _wake.SetResult(true);
        }
    }

    /// <summary>Ends a wait whose time is over, under the lock.</summary>
    internal void Tick(long now)
    {
        if (_isWaiting && now >= _deadline)
        {
            Wake();
        }
    }

    private void WakeLocked()
    {
        lock (_cache.Lock)
        {
            Wake();
        }
    }

    private CacheEventBatch TryRead(int maxEvents)
    {
        if (End != CacheWatchEnd.None)
        {
            return new CacheEventBatch([], Revision, End);
        }

        return _queue is null ? ReadRing(maxEvents) : ReadQueue(maxEvents);
    }

    private CacheEventBatch ReadRing(int maxEvents)
    {
        var ring = _cache.Ring;
        if (Revision < ring.After)
        {
            Close(CacheWatchEnd.Overflow);
            return new CacheEventBatch([], Revision, End);
        }

        // A watch may begin at a revision that has not arrived here yet.
        var events = Revision >= ring.Newest ? [] : ring.Read(Revision, maxEvents);
        Revision += events.Length;
        if (Array.Exists(events, static e => e.IsNothing))
        {
            events = Array.FindAll(events, static e => !e.IsNothing);
        }

        return new CacheEventBatch(events, Revision, CacheWatchEnd.None);
    }

    private CacheEventBatch ReadQueue(int maxEvents)
    {
        var count = Math.Min(_queue!.Count, maxEvents);
        var events = count == 0 ? [] : new CacheEvent[count];
        for (var i = 0; i < count; i++)
        {
            events[i] = _queue.Dequeue();
        }

        // With nothing left to deliver, everything that was published does not concern this watcher.
        Revision = _queue.Count == 0 ? Math.Max(Revision, _cache.Ring.Newest) : events[^1].Revision;
        return new CacheEventBatch(events, Revision, CacheWatchEnd.None);
    }

    /// <summary>A page of the change log, or null when the watcher has become live.</summary>
    private async ValueTask<CacheEventBatch?> ReadHistoryAsync(int maxEvents, CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_cache.Lock)
            {
                if (End != CacheWatchEnd.None)
                {
                    return new CacheEventBatch([], Revision, End);
                }

                if (Revision >= _cache.Ring.After)
                {
                    GoLive();
                    return null;
                }
            }

            var page = await _cache.ReadHistoryAsync(Revision, maxEvents, _needsPrevious, cancellationToken);
            if (page is null)
            {
                Dispose();
                return new CacheEventBatch([], Revision, CacheWatchEnd.TooOld);
            }

            Revision = page[^1].Revision;
            var events = page.FindAll(e => _key is { } key ? _cache.Concerns(e, key) : !e.IsNothing);
            if (events.Count > 0)
            {
                return new CacheEventBatch(events, Revision, CacheWatchEnd.None);
            }
        }
    }

    private void GoLive()
    {
        _isLive = true;
        if (_key is { } key)
        {
            _queue = new Queue<CacheEvent>();
            var missed = Revision >= _cache.Ring.Newest ? [] : _cache.Ring.Read(Revision, int.MaxValue);
            foreach (var item in missed)
            {
                if (_cache.Concerns(item, key))
                {
                    _queue.Enqueue(item);
                }
            }
        }

        _cache.Watchers.Add(this);
        if (_cache.IsClosed)
        {
            Close(CacheWatchEnd.Closed); // nobody would end it any more
        }
    }
}
