using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>
/// A real PostgreSQL that goes away at bad moments: nothing acknowledged is lost, nothing is applied twice, nobody
/// restarts.
/// </summary>
public sealed class PostgresFaultTests
{
    private const long First = IJournalStore.FirstRevision;

    private static readonly ObjectKey A = new("n", "a");

    [Theory]
    [InlineData(ProxyCut.BeforeClient)]
    [InlineData(ProxyCut.BeforeServer)]
    public async Task A_connection_cut_during_a_commit_leaves_the_outcome_unknown_but_never_doubles_it(ProxyCut cut)
    {
        var connectionString = await PostgresFixture.CreateDatabaseAsync();
        await using var proxy = new PostgresProxy(connectionString);
        await using var store = new PostgresJournalStore(PostgresDataSources.ForJournals(proxy.ConnectionString));
        await using var world =
            await TestSilos.StartAsync(new TestSilosOptions { Store = store, ConfigureStore = ShortLease });
        var grain = world.ObjectGrain(TestObjects.Pods, A);
        var created = (await grain.WriteAsync(TestObjects.Create(A), default)).Required;
        var updated = (await grain.WriteAsync(TestObjects.Update(A, created.Revision), default)).Required;

        proxy.Cut(cut);
        await Assert.ThrowsAsync<UnknownOutcomeException>(
            () => grain.WriteAsync(TestObjects.Update(A, updated.Revision, "{\"x\":1}"), default));
        Assert.True(proxy.HasCut);

        var committed = cut == ProxyCut.BeforeClient;
        var current = await EventuallyAsync(() => grain.GetAsync(ReadMode.Verified, default));
        Assert.Equal(updated.Revision + (committed ? 1 : 0), current!.Revision);
        var again = await EventuallyAsync(
            () => grain.WriteAsync(TestObjects.Update(A, updated.Revision, "{\"x\":2}"), default));
        Assert.Equal(committed, !again.Succeeded);
        var log = await store.ReadChangesAsync(TestObjects.Pods, First, 100, default);
        Assert.Equal(
            [created.Revision, updated.Revision, updated.Revision + 1], log.Changes.Select(c => c.Object.Revision));
        Assert.Equal(committed ? "{\"x\":1}" : "{\"x\":2}", log.Changes[^1].Object.Spec());
    }

    [Fact]
    public async Task A_crash_of_the_server_under_load_loses_nothing_and_needs_no_restart_of_ours()
    {
        var (server, connectionString) = await PostgresFixture.StartOwnAsync();
        await using var own = server;
        await using var store = new PostgresJournalStore(PostgresDataSources.ForJournals(connectionString));
        await using var world = await TestSilos.StartAsync(
            new TestSilosOptions { Store = store, Silos = 2, ConfigureStore = ShortLease });
        var workload = new JournalWorkloadOptions
        {
            Seed = TestSeed.Current,
            Disturb = async steps =>
            {
                if (steps % 250 == 0)
                {
                    await server.KillAsync();
                    await server.StartAgainAsync();
                }
            },
        };

        var history = await new JournalWorkload(world, workload).RunAsync();

        var log = await store.ReadChangesAsync(TestObjects.Pods, First, 1_000_000, default);
        Assert.Empty(history.Check(log.Changes));
        Assert.True(log.Changes.Count > 20);
    }

    [Fact]
    public async Task A_server_that_is_down_is_said_to_be_unavailable_until_it_is_back()
    {
        var (server, connectionString) = await PostgresFixture.StartOwnAsync();
        await using var own = server;
        await using var store = new PostgresJournalStore(PostgresDataSources.ForJournals(connectionString));
        await using var world = await TestSilos.StartAsync(new TestSilosOptions
        {
            Store = store,
            ConfigureStore = ShortLease,
            ConfigureCaches = o => o.MovePatience = TimeSpan.Zero,
        });
        var grain = world.ObjectGrain(TestObjects.Pods, A);
        await grain.WriteAsync(TestObjects.Create(A), default);
        var cache = await world.Caches.GetAsync(TestObjects.Pods, default);
        await cache.ConsistentAsync(default);

        await server.StopAsync();

        // The first may find a connection that breaks under it; all others are refused before anything is sent.
        await Assert.ThrowsAnyAsync<Exception>(() => grain.WriteAsync(TestObjects.Update(A, First + 1), default));
        var other = new ObjectKey("n", "b");
        await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            world.ObjectGrain(TestObjects.Pods, other).WriteAsync(TestObjects.Create(other), default));
        await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            world.Caches.GetAsync(new ResourceName("", "never-loaded"), default).AsTask());
        Assert.NotNull(cache.Current.Get(A));

        await server.StartAgainAsync();
        var answer = await EventuallyAsync(() =>
            world.ObjectGrain(TestObjects.Pods, other).WriteAsync(TestObjects.Create(other), default));
        Assert.True(answer.Succeeded);
        Assert.NotNull((await EventuallyAsync(() => cache.ConsistentAsync(default).AsTask())).Get(other));
    }

    private static void ShortLease(OrchestratorStoreOptions options) =>
        (options.Journals.Lease, options.Journals.LeaseMargin) =
            (TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(50));

    /// <summary>
    /// Repeats while the answer is that nothing was done, as a client does that gets 503 with Retry-After.
    /// </summary>
    private static Task<T> EventuallyAsync<T>(Func<Task<T>> call) =>
        Patiently.DoneAsync(TimeSpan.FromMinutes(2), call, static failure => failure is StoreUnavailableException);
}
