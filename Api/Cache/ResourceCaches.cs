using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>
/// The resource caches of this silo, each loaded on first use and kept until the silo stops or its resource goes.
/// </summary>
public sealed class ResourceCaches : IAsyncDisposable
{
    private readonly ConcurrentDictionary<ResourceName, Lazy<Entry>> _entries = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly IGrainFactory _grains;
    private readonly LocalRevisions _locals;
    private readonly IJournalStore _store;
    private readonly ResourceCatalog _catalog;
    private readonly CacheOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ResourceCaches> _logger;
    private readonly ITimer _tick;

    public ResourceCaches(
        ResourceCatalog catalog,
        IGrainFactory grains,
        LocalRevisions locals,
        IJournalStore store,
        CacheOptions options,
        TimeProvider time,
        ILogger<ResourceCaches> logger,
        IMeterFactory? meters = null)
    {
        (_catalog, _grains, _locals, _store) = (catalog, grains, locals, store);
        (_options, _time, _logger) = (options, time, logger);
        if (meters?.Create("OrleansOrchestrator.Api.Cache") is { } meter)
        {
            Observe(meter);
        }

        _tick = time.CreateTimer(static caches => ((ResourceCaches)caches!).Tick(), this, options.Tick, options.Tick);
    }

    /// <summary>True when the silo stops: no cache is kept current any more.</summary>
    public bool IsClosed => _stop.IsCancellationRequested;

    /// <summary>
    /// The loaded cache of a resource. Throws <see cref="StoreUnavailableException"/> when it cannot be loaded.
    /// </summary>
    public ValueTask<ResourceCache> GetAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        var entry = _entries.TryGetValue(resource, out var known) ? known.Value : Add(resource);
        return entry.Cache.IsLoaded
            ? ValueTask.FromResult(entry.Cache)
            : new ValueTask<ResourceCache>(WaitAsync(entry, cancellationToken));
    }

    /// <summary>The cache of a resource if it is loaded; asking does not load it.</summary>
    public ResourceCache? Find(ResourceName resource) =>
        _entries.TryGetValue(resource, out var entry) && entry.IsValueCreated && entry.Value.Cache.IsLoaded
            ? entry.Value.Cache
            : null;

    /// <summary>
    /// Loads the cache of a resource in the background, unless it is there already, or the resource is not served (any
    /// more).
    /// </summary>
    public void Begin(ResourceName resource)
    {
        if (_entries.ContainsKey(resource) || !IsServed(resource))
        {
            return;
        }

        _ = Add(resource);
        if (!IsServed(resource))
        {
            Drop(resource); // it went meanwhile
        }
    }

    /// <summary>
    /// Has a resource's journal go beyond a revision, without a change if there is none. Throws what <see
    /// cref="IJournalGrain.MoveBeyondAsync"/> throws.
    /// </summary>
    public Task MoveBeyondAsync(ResourceName resource, long revision, CancellationToken cancellationToken) =>
        _grains.GetGrain<IJournalGrain>(resource.ToString()).MoveBeyondAsync(revision, cancellationToken);

    /// <summary>Lets go of the cache of a resource that there is no more; ends its watches.</summary>
    public void Drop(ResourceName resource)
    {
        if (_entries.TryRemove(resource, out var entry) && entry.IsValueCreated)
        {
            entry.Value.Stop.Cancel();
            entry.Value.Cache.Close();
        }
    }

    /// <summary>
    /// Ends all watches and waits, and follows no journal any more.
    /// </summary>
    public void Close()
    {
        _stop.Cancel();
        foreach (var entry in Started())
        {
            entry.Cache.Close();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        await _tick.DisposeAsync();
        await Task.WhenAll(Started().Select(static e => e.Running));
    }

    private static async Task<ResourceCache> WaitAsync(Entry entry, CancellationToken cancellationToken)
    {
        await entry.Follower.Loaded.WaitAsync(cancellationToken);
        return entry.Cache;
    }

    private bool IsServed(ResourceName resource) => _catalog.Current.Find(resource) is not null;

    private Entry Add(ResourceName resource) =>
        _entries.GetOrAdd(resource, name => new Lazy<Entry>(() => Start(name))).Value;

    private Entry Start(ResourceName resource)
    {
        var journal = _grains.GetGrain<IJournalGrain>(resource.ToString());
        var cache = new ResourceCache(
            resource, _catalog.Current.Find(resource)?.Of.IndexedFields ?? [], _store,
            _locals.Of(resource), () => AskRevisionAsync(journal), _options, _time);
        var follower = new CacheFollower(cache, journal, _store, _options, _time, _logger);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);

        // What runs as long as the silo has no part in the request, or the trace, that came first.
        using (ExecutionContext.SuppressFlow())
        {
            return new Entry(cache, follower, stop, follower.RunAsync(stop.Token));
        }
    }

    /// <summary>Asks a journal for its revision, with patience while it moves to another silo.</summary>
    private Task<long> AskRevisionAsync(IJournalGrain journal) => Attempts.RepeatAsync(
        new Attempts(_options.MovePatience, _time), (Caches: this, Journal: journal),
        static s => s.Journal.GetRevisionAsync(s.Caches._stop.Token).AsTask()
            .WaitAsync(s.Caches._options.AskPatience, s.Caches._time, s.Caches._stop.Token),
        static (_, failure) =>
            failure is StoreUnavailableException or OrleansException or TimeoutException ? failure : null,
        _stop.Token);

    private void Tick()
    {
        foreach (var entry in Started())
        {
            if (entry.Cache.Tick())
            {
                entry.Follower.DoubtPull();
            }
        }
    }

    private void Observe(Meter meter)
    {
        meter.CreateObservableGauge(
            "apiserver_resource_objects",
            () => CountObjects(static r => [new("group", r.Group), new("resource", r.Plural)]),
            description: "[ALPHA] Number of stored objects at the time of last check split by kind.");
        meter.CreateObservableGauge(
            "apiserver_storage_objects", () => CountObjects(static r => [new("resource", r.Qualified)]),
            description: "[STABLE] [DEPRECATED, consider using apiserver_resource_objects instead] Number of stored "
            + "objects at the time of last check split by kind. In case of a fetching error, the value will be -1.");
    }

    /// <summary>Of what is loaded here.</summary>
    private IEnumerable<Measurement<int>> CountObjects(Func<ResourceName, KeyValuePair<string, object?>[]> labels) =>
        Started().Where(static e => e.Cache.IsLoaded)
            .Select(e => new Measurement<int>(e.Cache.Current.Count, labels(e.Cache.Resource)));

    private IEnumerable<Entry> Started() =>
        _entries.Values.Where(static e => e.IsValueCreated).Select(static e => e.Value);

    private sealed record Entry(
        ResourceCache Cache, CacheFollower Follower, CancellationTokenSource Stop, Task Running);
}
