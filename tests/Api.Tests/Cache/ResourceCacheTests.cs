using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Cache;

/// <summary>A cache by itself, fed by hand: watchers, bounds, resumption, waiting.</summary>
public sealed class ResourceCacheTests
{
    private const long First = IJournalStore.FirstRevision;

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    private readonly ManualTime _time = new();
    private readonly MemoryJournalStore _store = new();
    private readonly LocalRevision _local = new();
    private readonly CacheOptions _options = new() { RingEvents = 100, WatcherEvents = 10 };
    private readonly long _journalRevision = First;
    private int _asked;

    [Fact]
    public async Task All_watchers_get_every_event_once_and_share_it()
    {
        var (cache, writer) = await CreateAsync();
        using var first = cache.Watch(new() { AfterRevision = First });
        using var second = cache.Watch(new() { AfterRevision = First + 2 });
        var waiting = first.ReadAsync(10, Long, default);

        await writer.WriteAsync(5);

        var seen = await waiting;
        Assert.Equal([First + 1, First + 2, First + 3, First + 4, First + 5], seen.Events.Select(e => e.Revision));
        var tail = await second.ReadAsync(10, Long, default);
        Assert.Equal([First + 3, First + 4, First + 5], tail.Events.Select(e => e.Revision));
        Assert.Same(seen.Events[4], tail.Events[2]);
        var built = 0;
        var frames = seen.Events.Skip(2).Concat(tail.Events).Select(e => e.Frame(_ =>
        {
            built++;
            return new object();
        })).ToArray();
        Assert.Equal(3, built);
        Assert.Same(frames[0], frames[3]);
    }

    [Fact]
    public async Task A_wait_without_events_ends_with_a_revision_for_a_bookmark()
    {
        var (cache, writer) = await CreateAsync();
        await writer.WriteAsync(1, "other");
        using var watcher = cache.Watch(new() { AfterRevision = First, Namespace = "mine" });
        Assert.Equal(First + 1, (await watcher.ReadAsync(10, TimeSpan.Zero, default)).Revision);
        var wait = watcher.ReadAsync(10, TimeSpan.FromSeconds(5), default).AsTask();
        await writer.WriteAsync(1, "other");
        _time.Advance(TimeSpan.FromSeconds(4));
        cache.Tick();
        Assert.False(wait.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(1));
        cache.Tick();

        Assert.Equal(First + 2, (await wait).Revision);
    }

    [Fact]
    public async Task A_slow_watcher_is_cut_and_the_others_are_unharmed()
    {
        var (cache, writer) = await CreateAsync();
        using var slow = cache.Watch(new() { AfterRevision = First });
        using var slowByIndex = cache.Watch(new() { AfterRevision = First, Namespace = "n" });
        using var quick = cache.Watch(new() { AfterRevision = First });
        Assert.Empty((await slow.ReadAsync(10, TimeSpan.Zero, default)).Events);
        Assert.Empty((await slowByIndex.ReadAsync(10, TimeSpan.Zero, default)).Events);

        var seen = new List<long>();
        for (var i = 0; i < 30; i++)
        {
            await writer.WriteAsync(10);
            seen.AddRange((await quick.ReadAsync(100, Long, default)).Events.Select(e => e.Revision));
        }

        Assert.Equal(Enumerable.Range(1, 300).Select(i => First + i), seen);
        Assert.Equal(CacheWatchEnd.Overflow, (await slow.ReadAsync(100, Long, default)).End);
        Assert.Equal(CacheWatchEnd.Overflow, (await slowByIndex.ReadAsync(100, Long, default)).End);
        Assert.Equal(CacheWatchEnd.None, (await quick.ReadAsync(100, TimeSpan.Zero, default)).End);
    }

    [Fact]
    public async Task A_resume_before_the_ring_reads_the_log_and_then_goes_live()
    {
        var (cache, writer) = await CreateAsync();
        await writer.WriteAsync(250);
        using var watcher = cache.Watch(new() { AfterRevision = First, NeedsPrevious = true });

        var seen = new List<CacheEvent>();
        while (seen.Count < 250)
        {
            seen.AddRange((await watcher.ReadAsync(37, Long, default)).Events);
        }

        await writer.WriteAsync(1);
        seen.AddRange((await watcher.ReadAsync(37, Long, default)).Events);
        Assert.Equal(Enumerable.Range(1, 251).Select(i => First + i), seen.Select(e => e.Revision));
        Assert.All(seen.Where(e => e.Kind == ChangeKind.Modified), e => Assert.Equal(e.Object.Key, e.Previous!.Key));
    }

    [Fact]
    public async Task A_revision_without_a_change_moves_watchers_on_and_is_shown_to_none()
    {
        var (cache, writer) = await CreateAsync();
        using var watcher = cache.Watch(new() { AfterRevision = First });
        using var byIndex = cache.Watch(new() { AfterRevision = First, Namespace = "n" });
        Assert.Empty((await byIndex.ReadAsync(10, TimeSpan.Zero, default)).Events);
        await writer.WriteAsync(1);
        Assert.Single((await watcher.ReadAsync(10, Long, default)).Events);
        Assert.Single((await byIndex.ReadAsync(10, Long, default)).Events);

        await writer.WriteNothingAsync();

        Assert.Equal(First + 2, cache.Current.Revision);
        var moved = await watcher.ReadAsync(10, Long, default);
        Assert.Equal((0, First + 2, CacheWatchEnd.None), (moved.Events.Count, moved.Revision, moved.End));
        Assert.Equal(First + 2, (await byIndex.ReadAsync(10, TimeSpan.Zero, default)).Revision);

        // From the ring, and from the log.
        await writer.WriteAsync(1);
        using var late = cache.Watch(new() { AfterRevision = First });
        Assert.Equal([First + 1, First + 3], (await DrainAsync(late)).Select(static e => e.Revision));
        await writer.WriteAsync(250);
        using var resumed = cache.Watch(new() { AfterRevision = First + 1 });
        Assert.Equal(
            Enumerable.Range(3, 251).Select(static i => First + i),
            (await DrainAsync(resumed)).Select(static e => e.Revision));
    }

    [Fact]
    public async Task A_resume_past_retention_is_too_old()
    {
        var (cache, writer) = await CreateAsync();
        await writer.WriteAsync(250);
        _store.Trim(TestObjects.Pods, 150);

        using var tooOld = cache.Watch(new() { AfterRevision = First + 99 });
        using var retained = cache.Watch(new() { AfterRevision = First + 100 });

        Assert.Equal(CacheWatchEnd.TooOld, (await tooOld.ReadAsync(10, Long, default)).End);
        Assert.Equal(First + 101, (await retained.ReadAsync(10, Long, default)).Events[0].Revision);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Revision_1_is_too_old_for_any_watch_and_the_first_one_is_not(int changes)
    {
        var (cache, writer) = await CreateAsync();
        if (changes > 0)
        {
            await writer.WriteAsync(changes);
        }

        using var before = cache.Watch(new() { AfterRevision = 1 });
        using var start = cache.Watch(new() { AfterRevision = First });

        Assert.Equal(CacheWatchEnd.TooOld, (await before.ReadAsync(10, TimeSpan.Zero, default)).End);
        var all = await start.ReadAsync(10, TimeSpan.Zero, default);
        Assert.Equal((CacheWatchEnd.None, changes), (all.End, all.Events.Count));
    }

    [Fact]
    public async Task Indexed_watchers_get_only_their_own_from_log_ring_and_life()
    {
        var (cache, writer) = await CreateAsync();
        await writer.WriteAsync(250);
        var key = new ObjectKey("n", "p3");
        using var byKey = cache.Watch(new() { AfterRevision = First, Key = key });
        using var byField = cache.Watch(new() { AfterRevision = First, Field = new("spec.nodeName", "m1") });

        var keys = await DrainAsync(byKey);
        var fields = await DrainAsync(byField);
        await writer.WriteAsync(8);
        keys.AddRange(await DrainAsync(byKey));
        fields.AddRange(await DrainAsync(byField));

        var all = writer.Written;
        Assert.Equal(all.Where(c => c.Object.Key == key).Select(c => c.Object.Revision), keys.Select(e => e.Revision));
        Assert.Equal(
            all.Where(c => c.Object.Spec().Contains("m1", StringComparison.Ordinal)
                || writer.PreviousOf(c)?.Spec().Contains("m1", StringComparison.Ordinal) == true).Select(c => c.Object.Revision),
            fields.Select(e => e.Revision));
    }

    [Fact]
    public async Task Readers_wait_for_a_revision_and_doubt_the_pull_after_a_while()
    {
        var (cache, writer) = await CreateAsync();
        var wait = cache.AtLeastAsync(First + 2, default).AsTask();
        await writer.WriteAsync(1);
        Assert.False(wait.IsCompleted);
        Assert.False(cache.Tick());
        _time.Advance(_options.PullDoubt);
        Assert.True(cache.Tick());

        await writer.WriteAsync(1);

        Assert.Equal(First + 2, (await wait).Revision);
        Assert.False(cache.Tick());
    }

    [Fact]
    public async Task Consistent_reads_share_questions_and_never_an_older_one()
    {
        var answers = new Queue<TaskCompletionSource<long>>([new(), new(), new()]);
        var all = answers.ToArray();
        var asked = 0;
        var reader = new RevisionReader(() =>
        {
            Interlocked.Increment(ref asked);
            return answers.Dequeue().Task;
        });
        var first = reader.ReadAsync();
        var second = reader.ReadAsync();
        var third = reader.ReadAsync();
        all[0].SetResult(5);
        Assert.Equal(5, await first);
        Assert.False(second.IsCompleted);
        all[1].SetResult(7);
        Assert.Equal(7, await second);
        Assert.Equal(7, await third);
        var fourth = reader.ReadAsync();
        all[2].SetResult(9);
        Assert.Equal(9, await fourth);
        Assert.Equal(3, asked);
    }

    [Fact]
    public async Task A_consistent_read_asks_nobody_while_the_journal_lives_here()
    {
        var (cache, writer) = await CreateAsync();
        var journal = new FakeJournal { Revision = First + 2 };
        _local.Begin(journal);
        var reading = cache.ConsistentAsync(default).AsTask();
        await writer.WriteAsync(1);
        Assert.False(reading.IsCompleted);
        await writer.WriteAsync(1);
        Assert.Equal(First + 2, (await reading).Revision);
        Assert.True(cache.ConsistentAsync(default).AsTask().IsCompletedSuccessfully);
        Assert.Equal(0, _asked);

        journal.Revision = null;
        await cache.ConsistentAsync(default);
        Assert.Equal(1, _asked);

        var successor = new FakeJournal { Revision = First + 2 };
        _local.Begin(successor);
        _local.End(journal);
        await cache.ConsistentAsync(default);
        Assert.Equal(1, _asked);
        _local.End(successor);
        await cache.ConsistentAsync(default);
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task Loading_anew_ends_watchers_that_have_a_gap()
    {
        var (cache, writer) = await CreateAsync();
        using var watcher = cache.Watch(new() { AfterRevision = First });
        var waiting = watcher.ReadAsync(10, Long, default);
        await writer.SkipAsync(10);

        cache.Load(await _store.ReadSnapshotAsync(TestObjects.Pods, default));

        Assert.Equal(CacheWatchEnd.Overflow, (await waiting).End);
        using var resumed = cache.Watch(new() { AfterRevision = First });
        Assert.Equal(First + 1, (await resumed.ReadAsync(10, Long, default)).Events[0].Revision);
    }

    [Fact]
    public async Task Closing_ends_watchers_and_readers()
    {
        var (cache, _) = await CreateAsync();
        using var watcher = cache.Watch(new() { AfterRevision = First });
        var waiting = watcher.ReadAsync(10, Long, default);
        var reading = cache.AtLeastAsync(First + 8, default).AsTask();

        cache.Close();

        Assert.Equal(CacheWatchEnd.Closed, (await waiting).End);
        using var late = cache.Watch(new() { AfterRevision = First });
        Assert.Equal(CacheWatchEnd.Closed, (await late.ReadAsync(10, TimeSpan.Zero, default)).End);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => reading);
    }

    private static async Task<List<CacheEvent>> DrainAsync(CacheWatcher watcher)
    {
        var result = new List<CacheEvent>();
        while (await watcher.ReadAsync(100, TimeSpan.Zero, default) is { Events.Count: > 0 } batch)
        {
            result.AddRange(batch.Events);
        }

        return result;
    }

    private async Task<(ResourceCache Cache, Writer Writer)> CreateAsync()
    {
        var cache = new ResourceCache(TestObjects.Pods, ["spec.nodeName"], _store, _local, AskAsync, _options, _time);
        var epoch = (await _store.OpenAsync(TestObjects.Pods, default)).Epoch;
        cache.Load(await _store.ReadSnapshotAsync(TestObjects.Pods, default));
        return (cache, new Writer(_store, cache, epoch));
    }

    private Task<long> AskAsync()
    {
        Interlocked.Increment(ref _asked);
        return Task.FromResult(_journalRevision);
    }

    private sealed class FakeJournal : ILeasedRevision
    {
        /// <summary>Null when its lease is over.</summary>
        public long? Revision { get; set; }

        public bool TryRead(out long revision)
        {
            revision = Revision ?? 0;
            return Revision is not null;
        }
    }

    /// <summary>Writes a fixed pattern of creates, updates and deletes over a few keys, nodes and namespaces.</summary>
    private sealed class Writer(MemoryJournalStore store, ResourceCache cache, long epoch)
    {
        private readonly Dictionary<ObjectKey, ResourceObject> _objects = [];
        private readonly Dictionary<long, ResourceObject> _byRevision = [];

        public List<Change> Written { get; } = [];

        public ResourceObject? PreviousOf(Change change) => _byRevision.GetValueOrDefault(change.PreviousRevision);

        public async Task WriteAsync(int count, string space = "n")
        {
            var batch = Enumerable.Range(0, count).Select(_ => Next(space)).ToArray();
            Assert.True(await store.AppendAsync(TestObjects.Pods, epoch, batch, default));
            cache.Apply(batch);
        }

        public async Task WriteNothingAsync()
        {
            var nothing = new Change(
                ChangeKind.Deleted,
                new ResourceObject(new ObjectKey("", ""), "", First + 1 + Written.Count, "{}"u8.ToArray()));
            Written.Add(nothing);
            Assert.True(await store.AppendAsync(TestObjects.Pods, epoch, [nothing], default));
            cache.Apply([nothing]);
        }

        public async Task SkipAsync(int count) =>
            Assert.True(await store.AppendAsync(
                TestObjects.Pods, epoch, [.. Enumerable.Range(0, count).Select(_ => Next("n"))], default));

        private Change Next(string space)
        {
            var number = Written.Count;
            var key = new ObjectKey(space, $"p{number * 7 % 13}");
            var previous = _objects.GetValueOrDefault(key);
            var delete = previous is not null && number % 5 == 0;
            var write = TestObjects.Create(key, $$"""{"nodeName":"m{{number % 3}}"}""");
            var item = new ResourceObject(key, write.Uid, First + 1 + number, delete ? previous!.Json : write.Json);
            var change = new Change(
                delete ? ChangeKind.Deleted : previous is null ? ChangeKind.Added : ChangeKind.Modified, item)
            {
                PreviousRevision = previous?.Revision ?? 0,
            };
            Written.Add(change);
            _byRevision[item.Revision] = item;
            if (delete)
            {
                _objects.Remove(key);
            }
            else
            {
                _objects[key] = item;
            }

            return change;
        }
    }
}
