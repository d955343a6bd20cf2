using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Metrics;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Metrics;

public sealed class UsageCollectorTests
{
    private readonly ManualTime _time = new();
    private readonly Source _source = new();
    private readonly Store _store = new();

    [Fact]
    public async Task RoundsThatTheHistoryDidNotTakeComeLater()
    {
        using var stop = new CancellationTokenSource();
        var collector = new UsageCollector(_source, _store, _time, NullLogger<UsageCollector>.Instance);
        var running = collector.RunAsync(stop.Token);
        var slot = 0L;
        _store.IsAway = true;
        for (var i = 0; i < UsageCollector.MaxWaiting + 2; i++)
        {
            slot = await NextAsync(collector, slot);
        }

        _store.IsAway = false;
        Assert.Empty(_store.Slots);
        while (_store.Slots.Count == 0)
        {
            slot = await NextAsync(collector, slot);
        }

        await stop.CancelAsync();
        await running;
        Assert.Equal(slot, _store.Slots[^1]);
        Assert.Equal(UsageCollector.MaxWaiting, _store.Slots.Count);
        Assert.Equal(_store.Slots.Order().Distinct(), _store.Slots);
    }

    /// <summary>Time moves on to the next round; it has been given to the history then.</summary>
    private async Task<long> NextAsync(UsageCollector collector, long slot)
    {
        _source.Allowed.Release();
        var next = collector.NextAsync(slot, default);
        await _time.ArmedAsync();
        _time.Advance(TimeSpan.FromSeconds(UsageRound.PeriodSeconds));
        await _store.Asked.WaitAsync();
        return (await next).Slot;
    }

    private sealed class Source : IUsageSource
    {
        /// <summary>A round for each of these.</summary>
        public SemaphoreSlim Allowed { get; } = new(0);

        public async Task<UsageRound> AskAsync(long slot, CancellationToken cancellationToken)
        {
            await Allowed.WaitAsync(cancellationToken);
            return new UsageRound
            {
                Slot = slot,
                Hollow = [],
                Samples =
                [
                    new UsageSample
                    {
                        Namespace = "", Name = "n", Container = "", Node = "n", MemoryBytes = 1,
                        Time = DateTimeOffset.FromUnixTimeSeconds(slot * UsageRound.PeriodSeconds),
                    },
                ],
            };
        }
    }

    private sealed class Store : IUsageStore
    {
        public SemaphoreSlim Asked { get; } = new(0);

        public bool IsAway { get; set; }

        public List<long> Slots { get; } = [];

        public Task WriteAsync(long slot, IReadOnlyList<UsageLine> lines, CancellationToken cancellationToken)
        {
            if (IsAway)
            {
                Asked.Release();
                throw new StoreUnavailableException("away");
            }

            Slots.Add(slot);
            return Task.CompletedTask;
        }

        public Task MaintainAsync(DateTimeOffset now, CancellationToken cancellationToken)
        {
            Asked.Release();
            return Task.CompletedTask;
        }

        public Task<UsageHistoryPage> ReadAsync(UsageQuery query, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
