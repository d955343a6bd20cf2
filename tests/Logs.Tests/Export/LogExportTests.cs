using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Logs.Export;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Segments;
using OrleansOrchestrator.Logs.Tests.Search;
using Xunit;

namespace OrleansOrchestrator.Logs.Tests.Export;

/// <summary>What is stored reaches an OTLP endpoint, once it takes it, and what does not is counted.</summary>
public sealed class LogExportTests
{
    private const int Level = 3;

    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lines_of_containers_and_events_come_with_whose_they_are()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var export = new Exporting(receiver);
        await export.StoreAsync(
            Container("web-1"), (Severity.Error, true, "it \ud800 failed"), (Severity.None, false, "plain"));
        await export.StoreAsync(
            new LogStream
            {
                Name = new StreamName("shop", "", "shop/Node/n1/u", StreamName.EventContainer, 0), Node = "n1",
                Labels = new Dictionary<string, string>(), WorkloadKind = "node", Workload = "n1",
            },
            (Severity.Warning, false, "Warning NodeNotReady node/n1: gone"));
        await receiver.HasAsync(3, Token);

        var first = receiver.Records[0];
        Assert.Equal(
            [
                "k8s.container.name=main", "k8s.container.restart_count=2", "k8s.deployment.name=web",
                "k8s.namespace.name=shop", "k8s.node.name=n1", "k8s.pod.label.app=web", "k8s.pod.name=web-1",
                "k8s.pod.uid=u-web-1",
            ],
            first.Resource);
        Assert.Equal((1000L, 17, "ERROR", "it \ufffd failed", "log.iostream=stderr"), first.Fields);
        Assert.Equal((1001L, 0, "", "plain", "log.iostream=stdout"), receiver.Records[1].Fields);
        Assert.Equal(["k8s.namespace.name=shop", "k8s.node.name=n1", "k8s.node.name=n1"], receiver.Records[2].Resource);
        Assert.Equal(
            (1000L, 13, "WARN", "Warning NodeNotReady node/n1: gone", "orc.source=event"), receiver.Records[2].Fields);
        await export.IsAsync(sent: 3, dropped: 0);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task What_cannot_be_taken_now_is_sent_again(int code)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        receiver.Answers.Enqueue(code);
        receiver.Answers.Enqueue(code);
        await using var export = new Exporting(receiver);
        await export.StoreAsync(Container("web-1"), (Severity.Info, false, "one"));
        await receiver.HasAsync(1, Token);
        await export.IsAsync(sent: 1, dropped: 0);
        Assert.Equal(3, receiver.Requests);
    }

    [Fact]
    public async Task What_is_refused_is_dropped_and_counted_and_the_next_goes_on()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        receiver.Answers.Enqueue(400);
        await using var export = new Exporting(receiver);
        await export.StoreAsync(Container("web-1"), (Severity.Info, false, "one"), (Severity.Info, false, "two"));
        await export.IsAsync(sent: 0, dropped: 2);
        receiver.Rejects = 1;
        await export.StoreAsync(Container("web-1"), (Severity.Info, false, "three"), (Severity.Info, false, "four"));
        await export.IsAsync(sent: 1, dropped: 3);
    }

    [Fact]
    public async Task Storing_does_not_wait_for_an_endpoint_that_hangs_and_what_finds_no_room_is_counted()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        receiver.Hangs = true;
        const int Room = 8;
        await using var export = new Exporting(receiver, maxWaitingBytes: Room * 1024);
        const int Stored = 50;
        for (var i = 0; i < Stored; i++)
        {
            Assert.True(await export.StoreAsync(Container("web-1"), (Severity.Info, false, $"line {i}")));
        }

        // Each takes more than half a KiB, and at most one KiB, of the room.
        Assert.InRange(export.Queue.Dropped, Stored - (2 * Room), Stored - Room);
        var kept = Stored - (int)export.Queue.Dropped;
        receiver.Release();
        await receiver.HasAsync(kept, Token);
        Assert.Equal(
            Enumerable.Range(0, kept).Select(static i => $"line {i}"),
            receiver.Records.Select(static r => r.Fields.Body));
    }

    private static LogStream Container(string pod) => new()
    {
        Name = new StreamName("shop", pod, $"u-{pod}", "main", 2), Node = "n1",
        Labels = new Dictionary<string, string> { ["app"] = "web" }, WorkloadKind = "deployment", Workload = "web",
    };

    /// <summary>A store whose lines are exported.</summary>
    private sealed class Exporting : IAsyncDisposable
    {
        private readonly HttpClient _client = new();
        private readonly ExportingLogStore _store;
        private readonly LogExporter _exporter;

        public Exporting(OtlpReceiver receiver, long maxWaitingBytes = 1024 * 1024)
        {
            var options = new LogExportOptions
            {
                Endpoint = receiver.Url, MaxWaitingBytes = maxWaitingBytes, FirstPause = TimeSpan.FromMilliseconds(1),
                Patience = TimeSpan.FromMinutes(3),
            };
            Queue = new LogExportQueue(options);
            _store = new ExportingLogStore(new ModelStore(), Queue);
            _exporter = new LogExporter(
                options, Queue, _store, _client, TimeProvider.System, NullLogger<LogExporter>.Instance);
            _ = _exporter.StartAsync(Token);
        }

        public LogExportQueue Queue { get; }

        public async Task<bool> StoreAsync(
            LogStream about, params (Severity Severity, bool IsStderr, string Text)[] lines)
        {
            var stream = await _store.OpenStreamAsync(about, Token);
            var block = new LineBlock();
            foreach (var (severity, isStderr, text) in lines)
            {
                block.Add(1000 + block.Count, LineFlags.Of(isStderr, severity), Encoding.UTF8.GetBytes(text));
            }

            var run = new BatchRun(stream.Id, stream.Position.Sequence, lines.Length, 1, 1);
            var segment = new LogSegment([new SegmentRun(run.Stream, run.Sequence, run.Count)], block);
            return await _store.AppendAsync([run], [new NewSegment("shop", segment.Encode(Level))], Token);
        }

        /// <summary>The exporter counts once the answer is there.</summary>
        public async Task IsAsync(long sent, long dropped)
        {
            using var counted = new SemaphoreSlim(0);
            using var listener = new MeterListener
            {
                InstrumentPublished = static (instrument, listener) =>
                {
                    if (instrument.Meter.Name == "OrleansOrchestrator.Logs")
                    {
                        listener.EnableMeasurementEvents(instrument);
                    }
                },
            };
            listener.SetMeasurementEventCallback<long>((_, _, _, _) => counted.Release());
            listener.Start();
            while (Queue.Sent + Queue.Dropped < sent + dropped)
            {
                await counted.WaitAsync(Token);
            }

            Assert.Equal((sent, dropped), (Queue.Sent, Queue.Dropped));
        }

        public async ValueTask DisposeAsync()
        {
            await _exporter.StopAsync(Token);
            _exporter.Dispose();
            _client.Dispose();
        }
    }
}
