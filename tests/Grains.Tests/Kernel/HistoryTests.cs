using Orleans.Runtime;
using Orleans.Runtime.Placement;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>
/// Concurrent writers, readers and watchers, undisturbed and while the journal loses its epoch or its store's answers;
/// and that the checker catches the bugs it is there for.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private readonly JournalWorkloadOptions _workload = new() { Seed = TestSeed.Current };

    public static TheoryData<bool, int> Worlds => new() { { false, 1 }, { false, 2 }, { true, 1 }, { true, 2 } };

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task Undisturbed_histories_hold(bool postgres, int silos) =>
        Assert.Empty(await RunAsync(await StoreAsync(postgres), silos, _workload));

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task Histories_hold_while_epochs_are_stolen(bool postgres, int silos)
    {
        var store = await StoreAsync(postgres);
        var disturbed = _workload with { Disturb = StealEvery(store, 150) };
        Assert.Empty(await RunAsync(store, silos, disturbed));
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task Histories_hold_while_answers_are_lost(bool postgres, int silos)
    {
        var (store, appends) = (await StoreAsync(postgres), 0);
        store.OnAppend = async (_, append) =>
        {
            var number = Interlocked.Increment(ref appends);
            if (number % 60 == 20)
            {
                throw new UnknownOutcomeException("lost before the commit");
            }

            var committed = await append();
            return number % 60 == 50 ? throw new UnknownOutcomeException("lost after the commit") : committed;
        };
        Assert.Empty(await RunAsync(store, silos, _workload));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Histories_hold_when_the_silo_of_the_journal_is_killed(bool postgres)
    {
        var store = await StoreAsync(postgres);
        await using var world = await TestSilos.StartAsync(new TestSilosOptions { Store = store, Silos = 3 });
        RequestContext.Set(IPlacementDirector.PlacementHintKey, world.Cluster.Silos[2].SiloAddress);
        await world.Journal(TestObjects.Pods).GetRevisionAsync(default);
        RequestContext.Clear();
        var longest = TimeSpan.Zero;
        var workload = _workload with
        {
            ClientSilos = 2,
            Disturb = async steps =>
            {
                if (steps == 200)
                {
                    await world.Cluster.KillSiloAsync(world.Cluster.Silos[2]);
                    longest = await TimeToWriteAsync(world);
                }
            },
        };

        var history = await new JournalWorkload(world, workload).RunAsync();

        output.WriteLine($"writes were possible again after {longest}");
        Assert.Empty(history.Check(await LogAsync(store)));
        Assert.InRange(longest, TimeSpan.Zero, TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task Planted_reply_before_commit_is_caught()
    {
        var (store, appends) = (await StoreAsync(false), 0);
        store.OnAppend = (_, append) => Interlocked.Increment(ref appends) == 30
            // Answered, and the silo dies before it commits.
            ? store.OpenAsync(TestObjects.Pods, default).ContinueWith(static _ => true, TaskScheduler.Default)
            : append();
        Assert.NotEmpty(await RunAsync(store, 1, _workload));
    }

    [Fact]
    public async Task Planted_missing_fence_is_caught()
    {
        var store = await StoreAsync(false);
        store.OnAppend = async (_, append) => await append() || true;
        store.OnIsCurrent = static _ => Task.FromResult(true);
        var noticed = await Record.ExceptionAsync(async () =>
            Assert.Empty(await RunAsync(store, 1, _workload with { Disturb = StealEvery(store, 100) })));

        // A watcher that trips over the hole in the log is as good as the checker.
        Assert.True(noticed is Xunit.Sdk.EmptyException or InvariantViolationException, noticed?.ToString());
    }

    [Fact]
    public async Task Planted_cache_ahead_of_its_revision_is_caught()
    {
        var (store, loads) = (await StoreAsync(false), 0);
        ObjectSnapshot? old = null;
        store.OnReadSnapshot = async read =>
        {
            var now = await read();
            old ??= now;
            return Interlocked.Increment(ref loads) == 2 ? new ObjectSnapshot(now.Revision, old.Objects) : now;
        };
        await using var world = await TestSilos.StartAsync(new TestSilosOptions { Store = store, Silos = 2 });
        var (key, history) = (new ObjectKey("n", "a"), new JournalHistory());
        await world.CachesOf(0).GetAsync(TestObjects.Pods, default);
        await world.ObjectGrain(TestObjects.Pods, key).WriteAsync(TestObjects.Create(key), default);
        var behind = await (await world.CachesOf(1).GetAsync(TestObjects.Pods, default)).ConsistentAsync(default);
        history.Add(
            new HistoryStep(HistoryKind.Read, key, history.Now(), history.Now(), behind.Revision, behind.Get(key)));

        Assert.Contains(history.Check(await LogAsync(store)), v => v.StartsWith("Exact", StringComparison.Ordinal));
    }

    /// <summary>
    /// A journal that loses what a change did on its way to the caches. (One that leaves it out altogether gets no
    /// further: a cache takes dense revisions only, and answers nobody meanwhile.)
    /// </summary>
    [Fact]
    public async Task Planted_dropped_change_is_caught()
    {
        const long Dropped = IJournalStore.FirstRevision + 2;
        var store = await StoreAsync(false);
        await using var world = await TestSilos.StartAsync(new TestSilosOptions
        {
            Store = store,
            Silos = 2,
            Configure = static silo => silo.AddIncomingGrainCallFilter(static async call =>
            {
                await call.Invoke();
                if (call.Result is ChangeBatch batch)
                {
                    call.Result = batch with { Changes = [.. batch.Changes.Select(c => c.Object.Revision == Dropped ? WithoutEffect(c) : c)] };
                }
            }),
        });
        var (key, history) = (new ObjectKey("n", "a"), new JournalHistory());
        var cache = await world.CachesOf(1).GetAsync(TestObjects.Pods, default);
        using var watcher =
            cache.Watch(new CacheWatchRequest { AfterRevision = IJournalStore.FirstRevision, NeedsPrevious = true });
        var created = await world.ObjectGrain(TestObjects.Pods, key).WriteAsync(TestObjects.Create(key), default);
        await world.ObjectGrain(TestObjects.Pods, key).WriteAsync(
            TestObjects.Update(key, created.Value!.Revision, "{}"), default);

        var seen = await cache.ConsistentAsync(default);
        history.Add(new HistoryStep(HistoryKind.Read, key, history.Now(), history.Now(), seen.Revision, seen.Get(key)));
        var batch = await watcher.ReadAsync(10, _workload.Patience, default);
        var events = batch.Events.Select(
            static e => new Change(e.Kind, e.Object) { PreviousRevision = e.Previous?.Revision ?? 0 });
        history.Add(new HistoryWatch(IJournalStore.FirstRevision, [.. events]));

        Assert.Equal(["Exact", "Exact"], history.Check(await LogAsync(store)).Select(static v => v.Split(':')[0]));
    }

    private static Change WithoutEffect(Change change) => change with
    {
        Object = new ResourceObject(change.Object.Key, change.Object.Uid, change.Object.Revision, "{}"u8.ToArray()),
    };

    [Fact]
    public async Task A_cache_that_loads_waits_until_the_journal_has_published_what_it_read()
    {
        var store = await StoreAsync(false);
        var (committed, publish) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var world = await TestSilos.StartAsync(new TestSilosOptions { Store = store, Silos = 2 });
        var key = new ObjectKey("n", "a");
        await world.CachesOf(0).GetAsync(TestObjects.Pods, default);
        store.OnAppend = async (_, append) =>
        {
            var result = await append();
            committed.TrySetResult();
            await publish.Task;
            return result;
        };
        var write = world.ObjectGrain(TestObjects.Pods, key).WriteAsync(TestObjects.Create(key), default);
        await committed.Task;
        var snapshotRead = new TaskCompletionSource();
        store.OnReadSnapshot = async read =>
        {
            var result = await read();
            snapshotRead.TrySetResult();
            return result;
        };
        var loading = world.CachesOf(1).GetAsync(TestObjects.Pods, default).AsTask();
        await snapshotRead.Task;

        Assert.False(loading.IsCompleted);
        Assert.Null(
            (await (await world.CachesOf(0).GetAsync(TestObjects.Pods, default)).ConsistentAsync(default)).Get(key));
        publish.SetResult();
        await write;
        Assert.NotNull((await loading).Current.Get(key));
    }

    [Fact]
    public async Task The_checker_catches_what_is_tampered_with()
    {
        var store = await StoreAsync(false);
        await using var world = await TestSilos.StartAsync(new TestSilosOptions { Store = store });
        await new JournalWorkload(world, _workload with { Readers = 1, StepsPerClient = 20 }).RunAsync();
        var log = await LogAsync(store);
        var (a, b, last) = (log[3].Object, log[4].Object, log[^1].Object);

        const long First = IJournalStore.FirstRevision;
        Assert.Equal("Reliable", Violation(log, h => h.Add(new HistoryWatch(First, [.. log.Where((_, i) => i != 5)]))));
        Assert.Equal("Reliable", Violation(log, h => h.Add(new HistoryWatch(First, [log[0], log[2], log[1]]))));
        Assert.Equal(
            "Exact", Violation(log, h => h.Add(new HistoryWatch(First, [log[0] with { Kind = ChangeKind.Deleted }]))));
        Assert.Equal("Linearizable", Violation(log, h =>
        {
            h.Add(new HistoryStep(HistoryKind.Write, b.Key, h.Now(), h.Now(), b.Revision, b));
            h.Add(new HistoryStep(HistoryKind.Write, a.Key, h.Now(), h.Now(), a.Revision, a));
        }));
        Assert.Equal("Durable", Violation(log, h =>
            h.Add(new HistoryStep(HistoryKind.Write, last.Key, h.Now(), h.Now(), last.Revision + 1, last))));
        Assert.Equal("Refused", Violation(log, h => h.Add(
            new HistoryStep(
                HistoryKind.RefusedBecauseItExists, new ObjectKey("n", "never"), h.Now(), h.Now(), 0, null))));
        Assert.Equal("Dense", Violation([.. log.Where((_, i) => i != 5)], _ => { }));
    }

    private static async Task<TimeSpan> TimeToWriteAsync(TestSilos world)
    {
        var (start, attempt) = (TimeProvider.System.GetTimestamp(), 0);
        await Patiently.DoneAsync(
            TimeSpan.FromMinutes(2),
            () =>
            {
                var key = new ObjectKey("n", $"after-the-kill-{attempt++}");
                return world.ObjectGrain(TestObjects.Pods, key).WriteAsync(TestObjects.Create(key), default);
            },
            static failure => failure is StoreUnavailableException or UnknownOutcomeException or OrleansException
                or TimeoutException);
        return TimeProvider.System.GetElapsedTime(start);
    }

    private static string Violation(IReadOnlyList<Change> log, Action<JournalHistory> tamper)
    {
        var history = new JournalHistory();
        tamper(history);
        return history.Check(log)[0].Split(':')[0];
    }

    private static Func<int, Task> StealEvery(JournalStoreFaults store, int steps) => done =>
        done % steps == 0 ? store.OpenAsync(TestObjects.Pods, default) : Task.CompletedTask;

    private static async Task<JournalStoreFaults> StoreAsync(bool postgres) => new(postgres
        ? new PostgresJournalStore(PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync()))
        : new MemoryJournalStore());

    private static async Task<IReadOnlyList<Change>> LogAsync(IJournalStore store) =>
        (await store.ReadChangesAsync(TestObjects.Pods, IJournalStore.FirstRevision, int.MaxValue / 2, default)).Changes;

    private async Task<List<string>> RunAsync(IJournalStore store, int silos, JournalWorkloadOptions options)
    {
        output.WriteLine($"seed {options.Seed}");
        await using var world = await TestSilos.StartAsync(new TestSilosOptions
        {
            Store = store,
            Silos = silos,
            // Small rings make readers and watchers go to the log as well.
            ConfigureStore = o => (o.Journals.RingChanges, o.Journals.Lease, o.Journals.LeaseMargin) =
                (50, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(50)),
            ConfigureCaches = o => o.RingEvents = 50,
        });
        var history = await new JournalWorkload(world, options).RunAsync();
        var log = await LogAsync(store);
        output.WriteLine($"{log.Count} changes, {history.Steps} recorded steps");
        return history.Check(log);
    }
}
