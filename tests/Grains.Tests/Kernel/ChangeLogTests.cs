using Npgsql;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>PostgreSQL's change log: segments, retention, and what SQL shows of it.</summary>
public sealed class ChangeLogTests
{
    [Fact]
    public async Task Watches_cross_segments_and_end_with_retention()
    {
        var (store, world, _) = await StartAsync();
        await using var ownStore = store;
        await using var ownWorld = world;
        var keep = new ChangeRetention(TimeSpan.FromHours(1), 60) { Segments = 3 };
        for (var i = 0; i < 10; i++)
        {
            await CreateAsync(world, i * 10, 10);
            await store.MaintainAsync(keep, default);
        }

        var oldest = (await store.OpenAsync(new ResourceName("", "pods"), default)).OldestRevision;
        // Retention keeps the newest 60, and what is in a segment with them.
        const long Newest = IJournalStore.FirstRevision + 100;
        Assert.InRange(oldest, Newest - 60 - 20 - 10, Newest - 60);
        await using var second = await TestSilos.StartAsync(new TestSilosOptions { Store = store });
        var cache = await second.Caches.GetAsync(TestObjects.Pods, default);
        using var retained = cache.Watch(new() { AfterRevision = oldest });
        var seen = new List<long>();
        while (seen.Count < Newest - oldest)
        {
            var batch = await retained.ReadAsync(7, TimeSpan.FromSeconds(10), default);
            Assert.Equal(CacheWatchEnd.None, batch.End);
            seen.AddRange(batch.Events.Select(e => e.Revision));
        }

        Assert.Equal(Enumerable.Range((int)oldest + 1, (int)(Newest - oldest)).Select(i => (long)i), seen);
        using var gone = cache.Watch(new() { AfterRevision = oldest - 1 });
        Assert.Equal(CacheWatchEnd.TooOld, (await gone.ReadAsync(7, TimeSpan.FromSeconds(10), default)).End);
    }

    [Fact]
    public async Task Old_segments_go_with_time()
    {
        var (store, world, connectionString) = await StartAsync();
        await using var ownStore = store;
        await using var ownWorld = world;
        await CreateAsync(world, 0, 5);
        var keep = ChangeRetention.Default;
        Assert.Equal(0, await store.MaintainAsync(keep, default));
        await ExecuteAsync(connectionString, "update store.segments set started_at = now() - interval '30 minutes'");
        await store.MaintainAsync(keep, default);
        await CreateAsync(world, 5, 5);
        Assert.Equal(2L, await ExecuteAsync(connectionString, "select count(*) from store.segments"));

        await ExecuteAsync(connectionString, "update store.segments set started_at = started_at - interval '2 hours'");
        Assert.Equal(1, await store.MaintainAsync(keep, default));

        const long Kept = IJournalStore.FirstRevision + 5;
        Assert.True((await store.ReadChangesAsync(TestObjects.Pods, Kept - 1, 10, default)).TooOld);
        Assert.Equal(5, (await store.ReadChangesAsync(TestObjects.Pods, Kept, 10, default)).Changes.Count);
    }

    [Fact]
    public async Task Writers_go_on_while_segments_come_and_go()
    {
        var (store, world, _) = await StartAsync();
        await using var ownStore = store;
        await using var ownWorld = world;
        using var stop = new CancellationTokenSource();
        var maintaining = MaintainAsync(store, stop.Token);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(w => CreateAsync(world, w * 50, 50)));
        await stop.CancelAsync();

        Assert.True(await maintaining > 0);
        Assert.Equal(200, (await store.ReadSnapshotAsync(TestObjects.Pods, default)).Objects.Count);
    }

    [Fact]
    public async Task Sql_shows_objects_and_changes()
    {
        var (store, world, connectionString) = await StartAsync();
        await using var ownStore = store;
        await using var ownWorld = world;
        var key = new ObjectKey("shop", "web");
        var created = (await world.ObjectGrain(TestObjects.Pods, key).WriteAsync(
            TestObjects.Create(key, """{"nodeName":"n1","text":"a\u0000b"}""", labels: """{"app":"web"}"""), default)).Required;
        await world.ObjectGrain(TestObjects.Pods, key).WriteAsync(TestObjects.Delete(created), default);
        await CreateAsync(world, 0, 3);

        // It is no version of anything.
        await world.Journal(TestObjects.Pods).MoveBeyondAsync(long.MaxValue, default);
        Assert.Equal(5L, await ExecuteAsync(connectionString, "select count(*) from kube.changes"));
        Assert.Equal("web", await ExecuteAsync(connectionString, "select string_agg(name, ',') from kube.deletions"));
        Assert.Equal(3L, await ExecuteAsync(connectionString, "select count(*) from kube.pods where namespace = 'n'"));
        Assert.Equal(
            "Added web web n1,Deleted web web n1",
            await ExecuteAsync(
                connectionString,
                "select string_agg(concat_ws(' ', kind, name, object #>> '{metadata,labels,app}', object #>> '{spec,nodeName}'), ',' " +
                "order by revision) from kube.changes where namespace = 'shop'"));
    }

    private static async Task<int> MaintainAsync(PostgresJournalStore store, CancellationToken cancellationToken)
    {
        var dropped = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            dropped += await store.MaintainAsync(new ChangeRetention(TimeSpan.FromHours(1), 40), default) ?? 0;
        }

        return dropped;
    }

    private static async Task CreateAsync(TestSilos world, int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            var key = new ObjectKey("n", $"p{i}");
            Assert.True((await world.ObjectGrain(TestObjects.Pods, key).WriteAsync(TestObjects.Create(key), default)).Succeeded);
        }
    }

    private static async Task<(PostgresJournalStore Store, TestSilos World, string ConnectionString)> StartAsync()
    {
        var connectionString = await PostgresFixture.CreateDatabaseAsync();
        var store = new PostgresJournalStore(PostgresDataSources.ForJournals(connectionString));
        return (store, await TestSilos.StartAsync(new TestSilosOptions { Store = store }), connectionString);
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
