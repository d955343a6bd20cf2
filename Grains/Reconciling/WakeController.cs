using System.Collections.Concurrent;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>A journal that a controller follows, and which objects a change of it concerns.</summary>
/// <param name="Resource">The followed resource.</param>
/// <param name="Map">
/// Adds the keys of the objects to wake. Never called concurrently with another map of the same controller. After a gap
/// it is told of all objects once more; what was deleted in the gap it never hears of, so an index of it may hold keys
/// of objects that are gone.
/// </param>
public sealed record Followed(ResourceName Resource, Action<ResourceChange, ICollection<ObjectKey>> Map)
{
    /// <summary>
    /// Least time from the last wake-up of an object until one that such a change causes, for changes that can wait for
    /// others; null for <see cref="ControllersOptions.WakeInterval"/>.
    /// </summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>Kinds that are followed beside the resource; null for none.</summary>
    public FollowedKinds? Others { get; init; }

    /// <summary>Which changes cannot wait so long; null for none. Asked only of those that wake something.</summary>
    public Func<ResourceChange, bool>? IsUrgent { get; init; }

    internal TimeSpan? IntervalOf(ResourceChange change) => IsUrgent?.Invoke(change) == true ? null : Interval;
}

/// <summary>Sends a wake-up; may lose it.</summary>
public delegate void WakeUp(ObjectAddress target);

/// <summary>
/// A controller whose work is done by the objects' own grains: it turns changes into wake-ups.
/// <para>
/// Wake-ups are coalesced: a key that waits is not added again unless it has become more urgent, and one object is
/// woken at most once per <see cref="ControllersOptions.WakeInterval"/> (at once when it was quiet, at the end of the
/// interval when not). So the 1,500 changes of 500 starting pods cost their ReplicaSet some tens of reconciliations.
/// What waits is bounded by the number of objects, and what was overtaken by the wake-ups within the longest interval.
/// </para>
/// </summary>
public sealed class WakeController : IController
{
    private const long Now = long.MinValue;
    private const int WorthSweeping = 1_000;

    private readonly ResourceName _target;
    private readonly ResourceName? _namesakes;
    private readonly IReadOnlyList<Followed> _followed;
    private readonly IResourceClient _client;
    private readonly WakeUp _wake;
    private readonly ControllersOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<ResourceObject, bool>? _concerns;
    private readonly ResourceCatalog? _catalog;
    private readonly Lock _lock = new();

    /// <summary>What one change wakes; kept between changes, of which there may be thousands a second.</summary>
    private readonly List<ObjectKey> _mapped = [];

    /// <summary>
    /// All keys that wait, and until when: <see cref="Now"/> for those in <see cref="_ready"/>. An entry of
    /// <see cref="_later"/> with another time was overtaken, and says nothing.
    /// </summary>
    private readonly Dictionary<ObjectKey, long> _waiting = [];
    private readonly List<ObjectKey> _ready = [];
    private readonly PriorityQueue<ObjectKey, long> _later = new();
    private readonly Dictionary<ObjectKey, long> _lastSent = [];
    private readonly TimeSpan _longest;
    private int _sweepAt = WorthSweeping;
    private readonly WakeSignal _signal = new();

    /// <param name="target">The resource whose objects are woken.</param>
    /// <param name="namesakes">
    /// A resource whose objects have the same keys, and which may outlive them: the reminder wakes by those keys too,
    /// so that leftovers go.
    /// </param>
    /// <param name="followed">What causes wake-ups.</param>
    /// <param name="client">Where to follow.</param>
    /// <param name="wake">Sends a wake-up.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="concerns">Which objects the reminder wakes; null for all.</param>
    /// <param name="catalog">What is served; null where no kinds are followed that come and go.</param>
    public WakeController(
        ResourceName target,
        ResourceName? namesakes,
        IReadOnlyList<Followed> followed,
        IResourceClient client,
        WakeUp wake,
        ControllersOptions options,
        TimeProvider time,
        Func<ResourceObject, bool>? concerns = null,
        ResourceCatalog? catalog = null)
    {
        _concerns = concerns;
        _catalog = catalog;
        _target = target;
        _namesakes = namesakes;
        _followed = followed;
        _client = client;
        _wake = wake;
        _options = options;
        _time = time;
        _longest = followed.Max(f => f.Interval) is { } interval && interval > options.WakeInterval
            ? interval
            : options.WakeInterval;
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunAsync(
        [
            .. _followed.Select(f => (Func<CancellationToken, Task>)(token => FollowAsync(f, token))),
            .. _followed.Select(static f => f.Others).OfType<FollowedKinds>().Select(
                others => (Func<CancellationToken, Task>)(token => FollowAsync(others, token))),
            PumpAsync,
        ],
        cancellationToken);

    /// <inheritdoc/>
    public async Task ResyncAsync(CancellationToken cancellationToken)
    {
        var keys = new HashSet<ObjectKey>();
        foreach (var resource in _namesakes is { } namesakes ? new[] { _target, namesakes } : [_target])
        {
            var list = await _client.ListAsync(new ListQuery { Resource = resource }, cancellationToken);
            keys.UnionWith(list.Items.Where(i => _concerns?.Invoke(i) != false).Select(i => i.Key));
        }

        foreach (var key in keys)
        {
            _wake(new ObjectAddress(_target, key));
        }
    }

    private async Task FollowAsync(Followed followed, CancellationToken cancellationToken)
    {
        await foreach (var change in _client.HearAsync(followed.Resource, cancellationToken))
        {
            Accept(followed, change);
        }
    }

    private Task FollowAsync(FollowedKinds others, CancellationToken cancellationToken)
    {
        var catalog = _catalog ?? throw new InvalidOperationException($"What wakes {_target} follows a catalogue.");
        var followed = new ConcurrentDictionary<ResourceName, Followed>();
        return new KindFollower(_client, catalog, () => catalog.Current.Kinds.Where(others.Which), (resource, change) =>
        {
            Accept(followed.GetOrAdd(resource, Of, others), change);
            return Task.CompletedTask;
        }).RunAsync(cancellationToken);

        static Followed Of(ResourceName resource, FollowedKinds others) =>
            new(resource, (change, keys) => others.Map(resource, change, keys));
    }

    private void Accept(Followed followed, ResourceChange change)
    {
        lock (_lock)
        {
            _mapped.Clear();
            followed.Map(change, _mapped);
            if (_options.DropWakeUps || _mapped.Count == 0)
            {
                return;
            }

            var interval = followed.IntervalOf(change) ?? _options.WakeInterval;
            foreach (var key in _mapped)
            {
                Enqueue(key, interval);
            }
        }

        _signal.Set();
    }

    private void Enqueue(ObjectKey key, TimeSpan interval)
    {
        var due = DueOf(key, interval);
        if (_waiting.TryGetValue(key, out var known) && known <= due)
        {
            return;
        }

        _waiting[key] = due;
        if (due == Now)
        {
            _ready.Add(key);
        }
        else
        {
            _later.Enqueue(key, due);
        }
    }

    private long DueOf(ObjectKey key, TimeSpan interval)
    {
        if (!_lastSent.TryGetValue(key, out var sent))
        {
            return Now;
        }

        var due = sent + (long)(interval.TotalSeconds * _time.TimestampFrequency);
        return due <= _time.GetTimestamp() ? Now : due;
    }

    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        var batch = new List<ObjectKey>();
        while (!cancellationToken.IsCancellationRequested)
        {
            var next = TakeReady(batch);
            foreach (var key in batch)
            {
                _wake(new ObjectAddress(_target, key));
            }

            await _signal.WaitAsync(next, _time, cancellationToken);
        }
    }

    /// <summary>
    /// Moves what may be sent now to <paramref name="batch"/>; returns how long the first of the others must wait.
    /// </summary>
    private TimeSpan? TakeReady(List<ObjectKey> batch)
    {
        batch.Clear();
        TimeSpan? next = null;
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            batch.AddRange(_ready);
            _ready.Clear();
            while (_later.TryPeek(out var key, out var due))
            {
                var isMeant = _waiting.TryGetValue(key, out var until) && until == due;
                if (isMeant && due > now)
                {
                    next = _time.GetElapsedTime(now, due);
                    break;
                }

                _later.Dequeue();
                if (isMeant)
                {
                    batch.Add(key);
                }
            }

            foreach (var key in batch)
            {
                _waiting.Remove(key);
                _lastSent[key] = now;
            }

            ForgetQuiet(now);
        }

        return next;
    }

    /// <summary>
    /// Keeps the table of recent wake-ups small: an entry older than the longest interval says nothing any more. It is
    /// looked through when it has doubled, so that each entry costs the same however many there are.
    /// </summary>
    private void ForgetQuiet(long now)
    {
        if (_lastSent.Count < _sweepAt)
        {
            return;
        }

        foreach (var (key, sent) in _lastSent)
        {
            if (_time.GetElapsedTime(sent, now) > _longest)
            {
                _lastSent.Remove(key);
            }
        }

        _sweepAt = Math.Max(WorthSweeping, 2 * _lastSent.Count);
    }
}
