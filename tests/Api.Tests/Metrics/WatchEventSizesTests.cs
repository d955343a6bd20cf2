using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Metrics;

public sealed class WatchEventSizesTests
{
    private const string Path = "/api/v1/namespaces/one/configmaps";
    private const string Labels = "group=\"\",resource=\"configmaps\",version=\"v1\"";

    [Theory]
    [InlineData(0, 1024)]
    [InlineData(1, 1024)]
    [InlineData(1024, 1024)]
    [InlineData(1025, 2048)]
    [InlineData(2048, 2048)]
    [InlineData(2049, 4096)]
    [InlineData(65537, 131072)]
    [InlineData(131072, 131072)]
    [InlineData(131073, double.PositiveInfinity)]
    [InlineData(int.MaxValue, double.PositiveInfinity)]
    public void An_event_counts_from_the_first_bound_that_holds_it(long bytes, double bound)
    {
        var sizes = new WatchEventSizes("apps", "v1", "deployments");
        sizes.Add(bytes);
        var reading = sizes.Read();
        Assert.Equal(bytes, reading.Sum);
        Assert.Equal(
            WatchEventSizes.Bounds.Append(double.PositiveInfinity).Select(b => bound <= b ? 1L : 0),
            reading.Cumulative);
    }

    /// <summary>All that goes over the wire counts: objects, bookmarks, and the error that ends a watch.</summary>
    [Fact]
    public async Task Events_are_counted_by_the_bytes_that_clients_get()
    {
        await using var host = await ProtocolHost.StartAsync();
        var a = await host.PutAsync(new ObjectKey("one", "a"), "{}");
        await host.PutAsync(new ObjectKey("one", "b"), "{}", $"{{\"x\":\"{new string('x', 3000)}\"}}");
        using var begun = await OpenAsync(
            host,
            $"{Path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
        var bytes = await NextAsync(begun) + await NextAsync(begun) + await NextAsync(begun);
        await host.PutAsync(new ObjectKey("one", "a"), "{}", "{\"x\":\"1\"}", a.Revision);
        bytes += await NextAsync(begun);
        using var refused = await OpenAsync(host, $"{Path}?watch=true&resourceVersion=1");
        bytes += await NextAsync(refused);

        var text = await host.Http.GetStringAsync("/metrics");
        foreach (var line in (string[])
            [
                $"apiserver_watch_events_total{{{Labels}}} 5",
                $"apiserver_watch_events_sizes_bucket{{{Labels},le=\"1024\"}} 4",
                $"apiserver_watch_events_sizes_bucket{{{Labels},le=\"2048\"}} 4",
                $"apiserver_watch_events_sizes_bucket{{{Labels},le=\"4096\"}} 5",
                $"apiserver_watch_events_sizes_bucket{{{Labels},le=\"+Inf\"}} 5",
                $"apiserver_watch_events_sizes_sum{{{Labels}}} {bytes}",
                $"apiserver_watch_events_sizes_count{{{Labels}}} 5",
            ])
        {
            Assert.Contains($"{line}\n", text, StringComparison.Ordinal);
        }
    }

    private static async Task<StreamReader> OpenAsync(ProtocolHost host, string path) =>
        new(await host.Http.GetStreamAsync(path));

    private static async Task<int> NextAsync(StreamReader lines) =>
        (await lines.ReadLineAsync())!.Length + 1;
}
