using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Core.ResourceQuotas;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.ResourceQuotas;

/// <summary>Many who charge through three silos at once, also while the one that keeps the books is killed.</summary>
public sealed class QuotaBooksSilosTests
{
    private const int Writers = 500;
    private const int Limit = 60;
    private const int EnoughForAKill = 20;

    private static readonly ObjectKey Key = new("n", "few");

    private readonly TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int _charged;

    public static TheoryData<bool, bool> Worlds => new()
    {
        { false, false }, { false, true }, { true, false }, { true, true },
    };

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task No_number_of_writers_passes_the_limit(bool postgres, bool kills)
    {
        IJournalStore store = postgres
            ? new PostgresJournalStore(PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync()))
            : new MemoryJournalStore();
        await using var world = await TestSilos.StartAsync(new TestSilosOptions { Silos = 3, Store = store });
        RequestContext.Set(IPlacementDirector.PlacementHintKey, world.Cluster.Silos[2].SiloAddress);
        var made = (await world.Journal(WellKnown.ResourceQuotas).CommitAsync(MakeQuota(), default)).Required;
        RequestContext.Clear();
        var writers = Enumerable.Range(0, Writers).Select(i => WriteAsync(world, i, made.Revision)).ToList();

        await _enough.Task;
        if (kills)
        {
            await world.Cluster.KillSiloAsync(world.Cluster.Silos[2]);
        }

        _goOn.SetResult();
        await Task.WhenAll(writers);
        var used = await Patiently.DoneAsync(TimeSpan.FromMinutes(2), () => UsedAsync(world), IsOfTheMove);
        Assert.InRange(_charged, EnoughForAKill, Limit);
        Assert.InRange(used, _charged, Limit);
        if (!kills)
        {
            Assert.Equal((Limit, Limit), (_charged, used));
        }
    }

    private static JournalWrite MakeQuota() => new(Key, TestObjects.FromText(WriteKind.Create, 0, "uid-few", $$$"""
        {"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"few","namespace":"n","uid":"uid-few","resourceVersion":""},
        "spec":{"hard":{"pods":"{{{Limit}}}"}},"status":{"hard":{"pods":"{{{Limit}}}"},"used":{"pods":"0"} } }
        """));

    private static async Task<int> UsedAsync(TestSilos world)
    {
        var cache = await world.Caches.GetAsync(WellKnown.ResourceQuotas, TestContext.Current.CancellationToken);
        var snapshot = await cache.ConsistentAsync(TestContext.Current.CancellationToken);
        return (int)Quantity.Of(snapshot.Get(Key)!.As<V1ResourceQuota>().Status.Used["pods"]).Value;
    }

    private static bool IsOfTheMove(Exception failure) =>
        failure is StoreUnavailableException or OrleansException or TimeoutException;

    /// <summary>Charges one write, or hears that there is no room; whoever gets no answer writes nothing.</summary>
    private async Task WriteAsync(TestSilos world, int number, long revision)
    {
        if (number >= EnoughForAKill)
        {
            await _goOn.Task;
        }

        var books = world.ServicesOf(number % 2).GetRequiredService<IGrainFactory>()
            .GetGrain<IQuotaBooksGrain>(WellKnown.ResourceQuotas.ToString());
        var request = new QuotaRequest
        {
            Namespace = Key.Namespace,
            Revision = revision,
            Writes =
            [
                new QuotaNeed { Parts = [new QuotaPart(Key.Name, new Dictionary<string, string> { ["pods"] = "1" })] },
            ],
        };
        try
        {
            var answer = await books.ChargeAsync(request, TestContext.Current.CancellationToken);
            if (!answer.IsOutdated && answer.Refusals[0] is null
                && Interlocked.Increment(ref _charged) == EnoughForAKill)
            {
                _enough.SetResult();
            }
        }
        catch (Exception error) when (IsOfTheMove(error))
        {
            // Not answered, so nothing was promised.
        }
    }
}
