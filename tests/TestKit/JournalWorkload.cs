using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.TestKit;

/// <summary>How much concurrent clients do.</summary>
public sealed record JournalWorkloadOptions
{
    public required int Seed { get; init; }

    public int Writers { get; init; } = 6;

    public int Readers { get; init; } = 4;

    public int WatchersPerSilo { get; init; } = 2;

    public int StepsPerClient { get; init; } = 120;

    /// <summary>Few, so that clients get into each other's way.</summary>
    public int Keys { get; init; } = 7;

    /// <summary>Called between a writer's steps, with the number of steps done so far by all.</summary>
    public Func<int, Task>? Disturb { get; init; }

    /// <summary>How many silos clients use, from the first; the others may be killed. Null for all.</summary>
    public int? ClientSilos { get; init; }

    /// <summary>No single answer may take longer, disturbances included.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>Writers, consistent readers and resuming watchers on all silos of a world, recorded.</summary>
public sealed class JournalWorkload(TestSilos world, JournalWorkloadOptions options)
{
    private const int WatchBatch = 16;

    private readonly JournalHistory _history = new();
    private readonly CancellationTokenSource _writing = new();
    private int _steps;
    private long _target = long.MaxValue;

    private static ResourceName Resource => TestObjects.Pods;

    private int Silos => options.ClientSilos ?? world.Cluster.Silos.Count;

    /// <summary>Runs to the end and returns the record; watchers have then seen everything.</summary>
    public async Task<JournalHistory> RunAsync()
    {
        var watchers = Enumerable.Range(0, Silos * options.WatchersPerSilo).Select(
            i => WatchAsync(i % Silos, new Random(options.Seed + 1000 + i)));
        var watching = Task.WhenAll(watchers.ToArray());
        var readers =
            Enumerable.Range(0, options.Readers).Select(i => ReadAsync(i % Silos, new Random(options.Seed + 500 + i)));
        var writers = Enumerable.Range(0, options.Writers).Select(i => WriteAsync(i, new Random(options.Seed + i)));
        await Task.WhenAll(readers.Concat(writers).ToArray());
        var caches = await Task.WhenAll(
            Enumerable.Range(0, Silos).Select(async i => await world.CachesOf(i).GetAsync(Resource, default)));
        using var patience = new CancellationTokenSource(options.Patience, TimeProvider.System);
        var final = (await caches[0].ConsistentAsync(patience.Token)).Revision;
        Volatile.Write(ref _target, final);
        await _writing.CancelAsync();
        await watching;
        return _history;
    }

    private async Task WriteAsync(int writer, Random random)
    {
        var known = new Dictionary<ObjectKey, ResourceObject>();
        for (var i = 0; i < options.StepsPerClient; i++)
        {
            var key = new ObjectKey("n", $"k{random.Next(options.Keys)}");
            var write = Choose(known.GetValueOrDefault(key), key, random, $$"""{"by":"{{writer}}-{{i}}"}""");
            var began = _history.Now();
            try
            {
                var answer = await world.ObjectGrain(Resource, key, random.Next(Silos)).WriteAsync(write, default)
                    .WaitAsync(options.Patience, TimeProvider.System);
                Record(key, write, began, answer, known);
            }
            catch (Exception error) when (error is StoreUnavailableException or UnknownOutcomeException or OrleansException or TimeoutException)
            {
                known.Remove(key);
            }

            if (options.Disturb is { } disturb)
            {
                await disturb(Interlocked.Increment(ref _steps));
            }

            if (!known.ContainsKey(key) && random.Next(3) > 0)
            {
                await LookAsync(key, random.Next(Silos), known);
            }
        }
    }

    private static ObjectWrite Choose(ResourceObject? current, ObjectKey key, Random random, string spec) =>
        current is null
        ? TestObjects.Create(key, spec)
        : random.Next(3) == 0
            ? TestObjects.Delete(current)
            : TestObjects.Update(key, current.Revision, spec);

    private void Record(
        ObjectKey key, ObjectWrite write, long began, Outcome<ResourceObject> answer, Dictionary<ObjectKey, ResourceObject> known)
    {
        var ended = _history.Now();
        if (answer.Succeeded)
        {
            _history.Add(new HistoryStep(HistoryKind.Write, key, began, ended, answer.Value.Revision, answer.Value));
            known[key] = answer.Value;
            if (write.Kind == WriteKind.Delete)
            {
                known.Remove(key);
            }

            return;
        }

        known.Remove(key);
        if (answer.Error.Reason is StatusReasons.AlreadyExists or StatusReasons.NotFound)
        {
            var kind = answer.Error.Reason == StatusReasons.NotFound
                ? HistoryKind.RefusedBecauseItIsAbsent
                : HistoryKind.RefusedBecauseItExists;
            _history.Add(new HistoryStep(kind, key, began, ended, 0, null));
        }
    }

    private async Task ReadAsync(int silo, Random random)
    {
        for (var i = 0; i < options.StepsPerClient; i++)
        {
            await LookAsync(new ObjectKey("n", $"k{random.Next(options.Keys)}"), silo, null);
        }
    }

    private async Task LookAsync(ObjectKey key, int silo, Dictionary<ObjectKey, ResourceObject>? known)
    {
        using var patience = new CancellationTokenSource(options.Patience, TimeProvider.System);
        var began = _history.Now();
        try
        {
            var cache = await world.CachesOf(silo).GetAsync(Resource, patience.Token);
            var snapshot = await cache.ConsistentAsync(patience.Token);
            var seen = snapshot.Get(key);
            _history.Add(new HistoryStep(HistoryKind.Read, key, began, _history.Now(), snapshot.Revision, seen));
            if (seen is not null && known is not null)
            {
                known[key] = seen;
            }
        }
        catch (Exception error) when (error is StoreUnavailableException or OrleansException or TimeoutException or OperationCanceledException)
        {
            // Not answered, so nothing was promised.
        }
    }

    /// <summary>Follows from the beginning to the final revision, leaving and resuming all the time.</summary>
    private async Task WatchAsync(int silo, Random random)
    {
        var revision = IJournalStore.FirstRevision;
        while (revision < Volatile.Read(ref _target))
        {
            var watch = new HistoryWatch(revision, []);
            try
            {
                var cache = await world.CachesOf(silo).GetAsync(Resource, default);
                using var watcher =
                    cache.Watch(new CacheWatchRequest { AfterRevision = revision, NeedsPrevious = true });
                var stay = random.Next(1, 5);
                while (stay-- > 0 && revision < Volatile.Read(ref _target))
                {
                    using var stop = CancellationTokenSource.CreateLinkedTokenSource(_writing.Token);
                    var wait = _writing.IsCancellationRequested ? TimeSpan.Zero : options.Patience;
                    var batch = await watcher.ReadAsync(
                        random.Next(1, WatchBatch), wait, wait == TimeSpan.Zero ? default : stop.Token);
                    watch.Events.AddRange(batch.Events.Select(e => new Change(e.Kind, e.Object) { PreviousRevision = e.Previous?.Revision ?? 0 }));
                    revision = watch.Events.Count == 0 ? revision : watch.Events[^1].Object.Revision;
                    if (batch.End != CacheWatchEnd.None)
                    {
                        break;
                    }
                }
            }
            catch (Exception error) when (error is StoreUnavailableException or OperationCanceledException or TimeoutException)
            {
                await Task.Yield();
            }

            _history.Add(watch);
        }
    }
}
