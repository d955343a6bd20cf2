using System.Globalization;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>One object's way through object grain, journal, store and cache.</summary>
public sealed class ObjectGrainTests
{
    public static TheoryData<bool, int> Worlds => new() { { false, 1 }, { false, 2 }, { true, 1 }, { true, 2 } };

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task A_write_is_answered_read_listed_and_watched(bool postgres, int silos)
    {
        await using var world = await TestSilos.StartAsync(new TestSilosOptions
        {
            Silos = silos,
            ConnectionString = postgres ? await PostgresFixture.CreateDatabaseAsync() : null,
        });
        var key = new ObjectKey("shop", "web");
        var grain = world.ObjectGrain(TestObjects.Pods, key);

        var created = (await grain.WriteAsync(TestObjects.Create(key), default)).Required;
        Assert.Equal(IJournalStore.FirstRevision + 1, created.Revision);
        Assert.Equal(created.Revision.ToString(CultureInfo.InvariantCulture), created.ResourceVersion());
        var cache = await world.CachesOf(silos - 1).GetAsync(TestObjects.Pods, default);
        using var watcher = cache.Watch(new() { AfterRevision = created.Revision });
        Assert.Equal(
            StatusReasons.AlreadyExists, (await grain.WriteAsync(TestObjects.Create(key), default)).Error!.Reason);
        var updated =
            (await grain.WriteAsync(TestObjects.Update(key, created.Revision, "{\"a\":1}"), default)).Required;
        var refused = (await grain.WriteAsync(TestObjects.Update(key, created.Revision, "{\"a\":2}"), default)).Error!;
        Assert.Equal(StatusReasons.Conflict, refused.Reason);
        Assert.Equal("{\"a\":1}", (await grain.GetAsync(ReadMode.Optimistic, default))!.Spec());

        Assert.Equal("{\"a\":1}", (await cache.ConsistentAsync(default)).Get(key)!.Spec());
        var deleted = (await grain.WriteAsync(TestObjects.Delete(updated), default)).Required;
        Assert.Equal(created.Revision + 2, deleted.Revision);
        Assert.Null(await grain.GetAsync(ReadMode.Verified, default));
        Assert.Null((await cache.ConsistentAsync(default)).Get(key));
        Assert.Equal(
            StatusReasons.NotFound,
            (await grain.WriteAsync(TestObjects.Update(key, updated.Revision), default)).Error!.Reason);

        var batch = await watcher.ReadAsync(10, TimeSpan.FromSeconds(10), default);
        Assert.Equal([ChangeKind.Modified, ChangeKind.Deleted], batch.Events.Select(e => e.Kind));
        Assert.Equal([created.Revision, updated.Revision], batch.Events.Select(e => e.Previous!.Revision));
    }

    [Fact]
    public async Task Whatever_goes_wrong_a_write_is_refused_or_of_unknown_outcome_and_a_read_is_refused()
    {
        var store = new JournalStoreFaults(new MemoryJournalStore());
        await using var world = await TestSilos.StartAsync(new TestSilosOptions { Store = store });
        var key = new ObjectKey("shop", "web");
        var grain = world.ObjectGrain(TestObjects.Pods, key);
        store.OnOpen = static _ => throw new StoreUnavailableException("down");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => grain.WriteAsync(TestObjects.Create(key), default));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => grain.GetAsync(ReadMode.Verified, default));

        store.OnOpen = static _ => throw new TimeoutException("slow");
        await Assert.ThrowsAsync<UnknownOutcomeException>(() => grain.WriteAsync(TestObjects.Create(key), default));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => grain.GetAsync(ReadMode.Optimistic, default));

        store.OnOpen = null;
        Assert.Null(await grain.GetAsync(ReadMode.Optimistic, default));
        Assert.True((await grain.WriteAsync(TestObjects.Create(key), default)).Succeeded);
    }

    [Fact]
    public async Task Two_writers_with_one_revision_have_one_winner()
    {
        await using var world = await TestSilos.StartAsync(new TestSilosOptions { Silos = 2 });
        var key = new ObjectKey("shop", "web");
        var created =
            (await world.ObjectGrain(TestObjects.Pods, key).WriteAsync(TestObjects.Create(key), default)).Required;

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            world.ObjectGrain(TestObjects.Pods, key, i % 2)
                .WriteAsync(TestObjects.Update(key, created.Revision), default)));

        Assert.Single(answers, a => a.Succeeded);
        Assert.All(answers.Where(a => !a.Succeeded), a => Assert.Equal(
            "Operation cannot be fulfilled on pods \"web\": the object has been modified; please apply your changes to the latest version " +
            "and try again",
            a.Error!.Message));
    }
}
