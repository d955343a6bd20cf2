using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

/// <summary>What was just made in a namespace that had nothing counts at once.</summary>
public sealed class LiveLookupsTests
{
    private const int Namespaces = 50;

    private readonly ManualTime _time = new();

    private static CancellationToken Limit => TestContext.Current.CancellationToken;

    /// <summary>So many, for the cache may be fast; with all of them it is not.</summary>
    [Fact]
    public async Task TheFirstOfANamespaceIsSeen()
    {
        await using var world = await TestSilos.StartAsync();
        await world.Caches.GetAsync(WellKnown.LimitRanges, Limit);
        var lookups = new LiveLookups(new ObjectReader(world.Caches, []), WellKnown.LimitRanges, _time);
        for (var i = 0; i < Namespaces; i++)
        {
            var space = string.Create(CultureInfo.InvariantCulture, $"n{i}");
            await MakeAsync(world, space);
            Assert.Equal(1, (await lookups.SnapshotAsync(space, Limit)).CountRange(space));
        }
    }

    [Fact]
    public async Task WhereThereWasNothingIsLookedAgainAfterAWhile()
    {
        await using var world = await TestSilos.StartAsync();
        var lookups = new LiveLookups(new ObjectReader(world.Caches, []), WellKnown.LimitRanges, _time);
        for (var i = 0; i < Namespaces; i++)
        {
            var space = string.Create(CultureInfo.InvariantCulture, $"n{i}");
            Assert.Equal(0, (await lookups.SnapshotAsync(space, Limit)).CountRange(space));
            _time.Advance(TimeSpan.FromSeconds(30));
            await MakeAsync(world, space);
            Assert.Equal(1, (await lookups.SnapshotAsync(space, Limit)).CountRange(space));
        }
    }

    /// <summary>Of two readings of the source that a look-up may take, the second is the fresh one.</summary>
    [Fact]
    public async Task ThatNothingWasThereIsBelievedForHalfAMinute()
    {
        await using var world = await TestSilos.StartAsync();
        var nothing = new Nothing();
        var lookups = new LiveLookups(new ObjectReader(world.Caches, [nothing]), nothing.Resource, _time);

        await lookups.SnapshotAsync("n", Limit);
        Assert.Equal(2, nothing.Readings);
        _time.Advance(TimeSpan.FromSeconds(29));
        await lookups.SnapshotAsync("n", Limit);
        Assert.Equal(3, nothing.Readings);
        _time.Advance(TimeSpan.FromSeconds(1));
        await lookups.SnapshotAsync("n", Limit);
        Assert.Equal(5, nothing.Readings);
    }

    [Fact]
    public async Task WhatIsKnownOfOneNamespaceSaysNothingOfAnother()
    {
        await using var world = await TestSilos.StartAsync();
        var nothing = new Nothing();
        var lookups = new LiveLookups(new ObjectReader(world.Caches, [nothing]), nothing.Resource, _time);

        await lookups.SnapshotAsync("n", Limit);
        await lookups.SnapshotAsync("other", Limit);
        Assert.Equal(4, nothing.Readings);
    }

    private static async Task MakeAsync(TestSilos world, string space)
    {
        var write = TestObjects.FromText(WriteKind.Create, 0, $"uid-{space}", $$"""
            {"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"r","namespace":"{{space}}","uid":"uid-{{space}}",
            "resourceVersion":""},"spec":{"limits":[]} }
            """);
        var written = await world.Journal(WellKnown.LimitRanges)
            .CommitAsync(new JournalWrite(new ObjectKey(space, "r"), write), Limit);
        Assert.True(written.Succeeded);
    }

    /// <summary>A kind without objects that counts how often it was read.</summary>
    private sealed class Nothing : IObjectSource
    {
        public ResourceName Resource => WellKnown.LimitRanges;

        public int Readings { get; private set; }

        public ValueTask<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> ListAsync(CancellationToken cancellationToken)
        {
            Readings++;
            return ValueTask.FromResult<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>>([]);
        }
    }
}
