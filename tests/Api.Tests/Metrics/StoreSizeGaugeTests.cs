using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Metrics;

public sealed class StoreSizeGaugeTests
{
    private const string Name = "apiserver_storage_size_bytes";

    [Fact]
    public async Task Each_look_asks_the_store_and_shows_nothing_when_that_fails()
    {
        var store = new Store();
        Assert.Contains(
            $"{Name}{{storage_cluster_id=\"postgres-0\"}} 123456789012\n", await ShowAsync(store),
            StringComparison.Ordinal);
        store.Answer = static _ => throw new StoreUnavailableException("gone");
        Assert.DoesNotContain(Name, await ShowAsync(store), StringComparison.Ordinal);
        Assert.DoesNotContain(Name, await ShowAsync(null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_hangs_does_not_hold_up_everything_else()
    {
        var time = new ManualTime();
        var store = new Store
        {
            Answer = async token =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, time, token);
                return 0;
            },
        };
        var shown = ShowAsync(store, time);
        Assert.False(shown.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.DoesNotContain(Name, await shown, StringComparison.Ordinal);
    }

    private static async Task<string> ShowAsync(IStoreSize? store, TimeProvider? time = null)
    {
        await using var host = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = host.GetRequiredService<IMeterFactory>();
        using var collector = new MetricCollector(meters);
        var gauge = new StoreSizeGauge(
            meters, time ?? TimeProvider.System, NullLogger<StoreSizeGauge>.Instance, store);
        var context = new DefaultHttpContext();
        context.Response.Body = new MemoryStream();
        await new MetricsHandler(collector, gauge).TryHandleAsync(
            context, new RequestInfo { Path = "/metrics", Verb = "get" });
        var text = System.Text.Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());
        return string.Join('\n', text.Split('\n').Where(static l => !l.StartsWith('#')));
    }

    private sealed class Store : IStoreSize
    {
        public Func<CancellationToken, Task<long>> Answer { get; set; } = static _ => Task.FromResult(123_456_789_012);

        public Task<long> ReadAsync(CancellationToken cancellationToken) => Answer(cancellationToken);
    }
}
