using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Core.ResourceQuotas;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

/// <summary>What the books of quotas are asked, and what is done with their answers.</summary>
public sealed class QuotaChargerTests
{
    private const string Space = "n";

    private readonly ManualTime _time = new();

    [Fact]
    public async Task WritesAreChargedInOneRequestAndAnsweredEach()
    {
        await using var world = await StartAsync();
        var books = new Books(
            static r => new QuotaAnswer { Refusals = [null, .. r.Writes.Skip(1).Select(static _ => "full")] });
        QuotaWaiter[] writes = [Waiter(), Waiter(), Waiter(dryRun: true)];

        await Charger(world, books).ChargeAsync(Space, writes, TestContext.Current.CancellationToken);

        var request = Assert.Single(books.Requests);
        Assert.Equal([false, false, true], request.Writes.Select(static w => w.Pretends));
        Assert.All(request.Writes, static w => Assert.Equal("1", Assert.Single(w.Parts).More["count/configmaps"]));
        Assert.Null(await writes[0].Done);
        Assert.Equal("configmaps \"c\" is forbidden: full", (await writes[1].Done)!.Message);
    }

    [Fact]
    public async Task WhoseCacheIsOutdatedReadsAfreshAndAsksAgain()
    {
        await using var world = await StartAsync();
        var books = new Books(
            static _ => new QuotaAnswer { IsOutdated = true }, static _ => new QuotaAnswer { Refusals = [null] });
        var write = Waiter();

        await Charger(world, books).ChargeAsync(Space, [write], TestContext.Current.CancellationToken);

        Assert.Null(await write.Done);
        Assert.Equal(2, books.Requests.Count);
    }

    [Fact]
    public async Task BooksThatAreAlwaysAheadAreNotAskedForEver()
    {
        await using var world = await StartAsync();
        var books = new Books(static _ => new QuotaAnswer { IsOutdated = true });

        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => Charger(world, books).ChargeAsync(Space, [Waiter()], TestContext.Current.CancellationToken));

        Assert.Equal(OptimisticLoop.MaxAttempts, books.Requests.Count);
    }

    [Fact]
    public async Task BooksThatMoveAreAskedAgainForAWhile()
    {
        await using var world = await StartAsync();
        var moving = new Books(
            static _ => throw new StoreUnavailableException("moving"), static _ => throw new TimeoutException("lost"),
            static _ => new QuotaAnswer { Refusals = [null] });
        var write = Waiter();
        var charge = Charger(world, moving).ChargeAsync(Space, [write], TestContext.Current.CancellationToken);
        await PassAsync(charge);
        Assert.Null(await write.Done);
        Assert.Equal(3, moving.Requests.Count);

        var gone = new Books(static _ => throw new TimeoutException("lost"));
        var failing = Charger(world, gone).ChargeAsync(Space, [Waiter()], TestContext.Current.CancellationToken);
        await PassAsync(failing);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => failing);
    }

    [Fact]
    public async Task BooksAreNotAskedWhereThereAreNoQuotas()
    {
        await using var world = await StartAsync();
        var books = new Books(static _ => new QuotaAnswer { IsOutdated = true });
        QuotaWaiter[] writes = [Waiter(), Waiter()];

        await Charger(world, books).ChargeAsync("bare", writes, TestContext.Current.CancellationToken);

        Assert.Empty(books.Requests);
        Assert.All(await Task.WhenAll(writes.Select(static w => w.Done)), static a => Assert.Null(a));
    }

    [Fact]
    public async Task WhatNeedsAQuotaIsRefusedWhereThereIsNone()
    {
        await using var world = await StartAsync();
        var books = new Books(static _ => new QuotaAnswer { Refusals = [null] });
        var limits = new QuotaLimits([new LimitedResource(WellKnown.ConfigMaps, ["count/"], [])]);
        var write = Waiter();

        await Charger(world, books, limits).ChargeAsync("bare", [write], TestContext.Current.CancellationToken);

        Assert.Equal(
            "configmaps \"c\" is forbidden: insufficient quota to consume: count/configmaps",
            (await write.Done)?.Message);
    }

    private async Task PassAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            await Task.WhenAny(task, _time.ArmedAsync());
            _time.Advance(TimeSpan.FromMilliseconds(500));
        }
    }

    private QuotaCharger Charger(TestSilos world, Books books, QuotaLimits? limits = null) =>
        new(new ObjectReader(world.Caches, []), () => books, _time, limits);

    private static async Task<TestSilos> StartAsync()
    {
        var world = await TestSilos.StartAsync();
        var write = TestObjects.FromText(WriteKind.Create, 0, "uid-q", """
            {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q","namespace":"n","uid":"uid-q","resourceVersion":""},
            "spec":{"hard":{"count/configmaps":"9"}},"status":{"hard":{"count/configmaps":"9"},"used":{"count/configmaps":"0"}}}
            """);
        var quotas = world.Journal(WellKnown.ResourceQuotas);
        Assert.True((await quotas.CommitAsync(new JournalWrite(new ObjectKey(Space, "q"), write), default)).Succeeded);
        var cache = await world.Caches.GetAsync(WellKnown.ResourceQuotas, TestContext.Current.CancellationToken);
        await cache.ConsistentAsync(TestContext.Current.CancellationToken);
        return world;
    }

    private static QuotaWaiter Waiter(bool dryRun = false)
    {
        var item = new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "c" } };
        var attributes = new AdmissionAttributes
        {
            Operation = AdmissionOperation.Create, Key = new ObjectKey(Space, "c"), Object = item, DryRun = dryRun,
            Definition = BuiltInResources.Table.Find(WellKnown.ConfigMaps)!, User = new UserIdentity { Name = "jane" },
            Warnings = [],
        };
        return new QuotaWaiter(attributes, new QuotedWrite(WellKnown.ConfigMaps, item), CancellationToken.None);
    }

    /// <summary>Books that answer one after the other of these, and the last one for ever.</summary>
    private sealed class Books(params Func<QuotaRequest, QuotaAnswer>[] answers) : IQuotaBooksGrain
    {
        public List<QuotaRequest> Requests { get; } = [];

        public Task<QuotaAnswer> ChargeAsync(QuotaRequest request, CancellationToken cancellationToken)
        {
            Requests.Add(request);
            return Task.FromResult(answers[Math.Min(Requests.Count, answers.Length) - 1](request));
        }
    }
}
