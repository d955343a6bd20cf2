using System.Runtime.CompilerServices;
using k8s.Models;
using Orleans.Runtime;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Store;

public sealed class ObjectStoreTests
{
    private const int Large = 1_600_000;

    private static readonly ObjectKey Key = new("n", "a");

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    /// <summary>What does not go away by itself is told at once; what may have been done is not done again.</summary>
    [Theory]
    [InlineData("store", true)]
    [InlineData("rejection", true)]
    [InlineData("rejection of the store", true)]
    [InlineData("gateway", true)]
    [InlineData("disk full", false)]
    [InlineData("overload", false)]
    [InlineData("refusal", false)]
    [InlineData("rejection for another cause", false)]
    [InlineData("silo", false)]
    [InlineData("timeout", false)]
    [InlineData("orleans", false)]
    [InlineData("unknown", false)]
    public void AWriteIsRepeatedForWhatPassesAndWasNotDone(string failure, bool passes) =>
        Assert.Equal(passes, ObjectStore.MayPass(failure switch
        {
            "store" => new StoreUnavailableException("away"),
            "rejection" => Rejection(null),
            "rejection of the store" => Rejection(new StoreUnavailableException("away")),
            "gateway" => Made<GatewayTooBusyException>(),
            "disk full" => new StoreUnavailableException("away") { IsDiskFull = true },
            "overload" => new StoreUnavailableException("away") { IsOverload = true },
            "refusal" => new StoreUnavailableException("away") { Refusal = "no key" },
            "rejection for another cause" => Rejection(new IOException("lost")),
            "silo" => Made<SiloUnavailableException>(),
            "timeout" => new TimeoutException(),
            "orleans" => new OrleansException("lost"),
            _ => new UnknownOutcomeException("lost"),
        }));

    /// <summary>An object that is larger than a new one may be can lose finalizers, be marked and be deleted.</summary>
    [Fact]
    public async Task WhatIsTooLargeAlreadyMayShrinkAndBeDeleted()
    {
        await using var world = await TestSilos.StartAsync();
        var time = TimeProvider.System;
        var store = new ObjectStore(new ObjectDoor(world.Grains, world.Caches), new StoreRoom(time), time);
        var first = EncodedObject.Of(Map(Large));
        Assert.NotNull(ObjectSize.Check(WellKnown.ConfigMaps, first.Json));
        var current = (await world.Journal(WellKnown.ConfigMaps).CommitAsync(
            new JournalWrite(Key, new ObjectWrite
            {
                Kind = WriteKind.Create, ExpectedRevision = 0, Uid = first.Uid, Json = first.Json,
                RevisionOffset = first.RevisionOffset,
            }),
            Limit)).Required;

        var larger = EncodedObject.Of(Map(Large + 1));
        var grown = await WriteAsync(store, larger, WriteKind.Update, current);
        Assert.Equal("etcdserver: request is too large", grown.Error?.Message);

        current = (await WriteAsync(store, first, WriteKind.Update, current)).Required;
        var marked = Map(Large);
        marked.Metadata.DeletionTimestamp = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        current = (await WriteAsync(
            store, EncodedObject.Of(marked) with { IsMark = true }, WriteKind.Update, current)).Required;
        marked.Metadata.Finalizers = null;
        current = (await WriteAsync(store, EncodedObject.Of(marked), WriteKind.Update, current)).Required;
        Assert.True((await WriteAsync(store, EncodedObject.Of(marked), WriteKind.Delete, current)).Succeeded);
    }

    /// <summary>So that the audit log does not leave out what took long because it failed.</summary>
    [Fact]
    public async Task TheTimeThatReadsAndFailuresTakeIsNoted()
    {
        await using var world = await TestSilos.StartAsync();
        var time = new SlowTime();
        var store = new ObjectStore(new ObjectDoor(world.Grains, world.Caches), new StoreRoom(time), time);
        var read = new RequestWaits();
        await store.GetAsync(Context(read, Limit), Key, ReadMode.Optimistic);
        Assert.Contains(read.Parts, static p => p.For == "etcd");

        var failed = new RequestWaits();
        var write = Context(failed, new CancellationToken(canceled: true));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.CreateAsync(write, Key, Map(1)));
        Assert.Contains(failed.Parts, static p => p.For == "etcd");
    }

    private static Task<Outcome<ResourceObject>> WriteAsync(
        ObjectStore store, EncodedObject next, WriteKind kind, ResourceObject current) =>
        store.WriteAsync(Context(null, Limit), next, kind, current, ReadMode.Optimistic);

    private static WriteContext Context(RequestWaits? waits, CancellationToken cancellationToken) => new()
    {
        Definition = BuiltInResources.Table.Find(WellKnown.ConfigMaps)!,
        Key = Key,
        User = UserIdentity.ApiServer,
        Options = WriteOptions.Internal,
        Waits = waits,
        CancellationToken = cancellationToken,
    };

    private static V1ConfigMap Map(int bytes) => new()
    {
        ApiVersion = "v1",
        Kind = "ConfigMap",
        Metadata = new V1ObjectMeta
        {
            Name = Key.Name, NamespaceProperty = Key.Namespace, Uid = "u", Finalizers = ["example.com/a"],
        },
        Data = new Dictionary<string, string> { ["a"] = new('a', bytes) },
    };

    private static OrleansMessageRejectionException Rejection(Exception? inner)
    {
        var rejection = Made<OrleansMessageRejectionException>();
        InnerException(rejection) = inner;
        return rejection;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerException")]
    private static extern ref Exception? InnerException(Exception failure);

    private static T Made<T>()
        where T : Exception => (T)RuntimeHelpers.GetUninitializedObject(typeof(T));

    /// <summary>A second passes whenever somebody looks.</summary>
    private sealed class SlowTime : TimeProvider
    {
        private long _now;

        public override long GetTimestamp() => _now += TimestampFrequency;
    }
}
