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
        Assert.Equal("2", created.ResourceVersion());
        var cache = await world.CachesOf(silos - 1).GetAsync(TestObjects.Pods, default);
        using var watcher = cache.Watch(new() { AfterRevision = created.Revision });
        Assert.Equal(StatusReasons.AlreadyExists, (await grain.WriteAsync(TestObjects.Create(key), default)).Error!.Reason);
        var updated = (await grain.WriteAsync(TestObjects.Update(key, 2, "{\"a\":1}"), default)).Required;
        var refused = (await grain.WriteAsync(TestObjects.Update(key, 2, "{\"a\":2}"), default)).Error!;
        Assert.Equal(StatusReasons.Conflict, refused.Reason);
        Assert.Equal("{\"a\":1}", (await grain.GetAsync(ReadMode.Optimistic, default))!.Spec());

        Assert.Equal("{\"a\":1}", (await cache.ConsistentAsync(default)).Get(key)!.Spec());
        var deleted = (await grain.WriteAsync(TestObjects.Delete(updated), default)).Required;
        Assert.Equal(4, deleted.Revision);
        Assert.Null(await grain.GetAsync(ReadMode.Verified, default));
        Assert.Null((await cache.ConsistentAsync(default)).Get(key));
        Assert.Equal(StatusReasons.NotFound, (await grain.WriteAsync(TestObjects.Update(key, 3), default)).Error!.Reason);

        var batch = await watcher.ReadAsync(10, TimeSpan.FromSeconds(10), default);
        Assert.Equal([ChangeKind.Modified, ChangeKind.Deleted], batch.Events.Select(e => e.Kind));
        Assert.Equal([2L, 3L], batch.Events.Select(e => e.Previous!.Revision));
    }
}
