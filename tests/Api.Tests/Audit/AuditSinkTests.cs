using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Audit;

/// <summary>Where events go, and what is said of those that do not get there.</summary>
public sealed class AuditSinkTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private static readonly AuditPolicy Everything = AuditPolicyReader.Read(
        "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata, omitStages: [RequestReceived]}]}"u8);

    [Fact]
    public async Task AServerGetsListsOfEventsAndIsAskedAgainWhenItFails()
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["localhost"]);
        var lists = Channel.CreateUnbounded<JsonNode>();
        var isFirst = 1;
        await using var remote = await TestRemote.StartAsync(certificate, async (server, context) =>
        {
            var list = await server.ReadAsync(context);
            if (Interlocked.Exchange(ref isFirst, 0) == 1)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            }

            lists.Writer.TryWrite(list);
        });
        await using var host = await ProtocolHost.StartAsync(configure: services => services.AddAudit(Everything)
            .AddAuditWebhook(new AuditWebhookOptions
            {
                Target = RemoteTarget.OfUrl(remote.Url("/audit"), authority.Bundle)!,
                InitialBackoff = TimeSpan.FromMilliseconds(1),
                Delivery = new AuditDelivery { MaxWait = TimeSpan.FromMilliseconds(1) },
            }));
        using var response = await host.Http.GetAsync(Maps);

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            var list = await lists.Reader.ReadAsync(patience.Token);
            Assert.Equal(("EventList", "audit.k8s.io/v1"), ((string?)list["kind"], (string?)list["apiVersion"]));
            if (list["items"]!.AsArray().Any(static e => (string?)e!["requestURI"] == Maps))
            {
                break;
            }
        }
    }

    [Fact]
    public async Task AFileHasALineForEachEvent()
    {
        var directory = Directory.CreateTempSubdirectory("orc-audit-");
        var path = Path.Combine(directory.FullName, "audit.log");
        await using (var host = await ProtocolHost.StartAsync(configure: services => services.AddAudit(Everything)
            .AddAuditFile(new AuditFileOptions
            {
                Path = path, Delivery = AuditDelivery.OfLog with { Mode = AuditMode.Batch },
            })))
        {
            using var first = await host.Http.GetAsync(Maps + "?limit=1");
            using var second = await host.Http.GetAsync(Maps + "?limit=2");
            await host.Services.GetRequiredService<IHost>().StopAsync();
        }

        var lines = (await File.ReadAllLinesAsync(path)).Select(static line => JsonNode.Parse(line)!)
            .Select(static e => (string?)e["requestURI"])
            .Where(static uri => uri!.StartsWith(Maps, StringComparison.Ordinal));
        Assert.Equal([Maps + "?limit=1", Maps + "?limit=2"], lines);
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task WhoWaitsHasItsLineWhenItIsAnswered()
    {
        var directory = Directory.CreateTempSubdirectory("orc-audit-");
        var path = Path.Combine(directory.FullName, "audit.log");
        var policy = AuditPolicyReader.Read(
            """
            {apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata, omitStages: [ResponseComplete]}]}
            """u8);
        await using (var host = await ProtocolHost.StartAsync(
            configure: services => services.AddAudit(policy).AddAuditFile(new AuditFileOptions { Path = path })))
        {
            using var answer = await host.Http.GetAsync(Maps);

            Assert.Contains(
                await LinesAsync(path),
                static e => ((string?)e["requestURI"], (string?)e["stage"]) == (Maps, "RequestReceived"));
        }

        directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(AuditMode.Batch, StatusCodes.Status200OK)]
    [InlineData(AuditMode.Blocking, StatusCodes.Status200OK)]
    [InlineData(AuditMode.BlockingStrict, StatusCodes.Status500InternalServerError)]
    public async Task OnlyTheStrictestRefusesWhatItCannotKeep(AuditMode mode, int status)
    {
        var directory = Directory.CreateTempSubdirectory("orc-audit-");
        var policy = AuditPolicyReader.Read(
            "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}"u8);
        await using (var host = await ProtocolHost.StartAsync(configure: services => services.AddAudit(policy)
            .AddAuditFile(new AuditFileOptions
            {
                // There is a directory where the file is to be.
                Path = directory.FullName, Delivery = AuditDelivery.OfLog with { Mode = mode },
            })))
        {
            using var answer = await host.Http.GetAsync(Maps);

            Assert.Equal(status, (int)answer.StatusCode);
            if (status != StatusCodes.Status200OK)
            {
                Assert.Equal(
                    $"Internal Server Error: \"{Maps}\": failed to store audit event\n",
                    await answer.Content.ReadAsStringAsync());
            }
        }

        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task LargeEventsLoseTheirBodiesAndStillLargerOnesAreLost()
    {
        var path = Path.GetTempFileName();
        using var lost = new LostEvents();
        using (var file = LogAt(path, lost, new AuditTruncation { MaxEvent = 1000 }))
        {
            var record = Record(AuditLevel.RequestResponse);
            record.Sent(Encoding.UTF8.GetBytes($$"""{"data":"{{new string('x', 2000)}}"}"""));
            await TakeAsync(file, record);
            record.Sent("{}"u8.ToArray());
            await TakeAsync(file, record);
            record.Annotate("a", new string('x', 2000));
            await TakeAsync(file, record);
        }

        var events = await LinesAsync(path);
        Assert.Equal(2, events.Count);
        Assert.Null(events[0]["requestObject"]);
        Assert.Equal("""{"audit.k8s.io/truncated":"true"}""", events[0]["annotations"]!.ToJsonString());
        Assert.NotNull(events[1]["requestObject"]);
        Assert.Null(events[1]["annotations"]);
        Assert.Equal([("truncate", 1L)], lost.All);
        File.Delete(path);
    }

    [Fact]
    public async Task ABatchHasNoMoreBytesThanItMay()
    {
        var sizes = new List<int>();
        using var lost = new LostEvents();
        using var sink = new Batches(
            new AuditDelivery
            {
                MaxWait = TimeSpan.Zero, BatchesPerSecond = null,
                Truncation = new AuditTruncation { MaxEvent = 1500, MaxBatch = 1500 },
            },
            lost.Metrics,
            sizes);
        var length = Event(Record(AuditLevel.Metadata)).Json.Length;
        for (var i = 0; i < 9; i++)
        {
            await TakeAsync(sink, Record(AuditLevel.Metadata));
        }

        await sink.StartAsync(default);
        await sink.StopAsync(default);

        Assert.Equal(9, sizes.Sum());
        Assert.All(sizes, s => Assert.InRange(s * length, 1, 1500));
        Assert.Equal(1500 / length, sizes[0]);
    }

    [Fact]
    public async Task WhatFindsNoRoomIsCounted()
    {
        using var lost = new LostEvents();
        using var file = new AuditFile(
            new AuditFileOptions
            {
                Path = "-", Delivery = AuditDelivery.OfLog with { Mode = AuditMode.Batch, Buffer = 2 },
            },
            lost.Metrics, TimeProvider.System, NullLogger<AuditFile>.Instance);
        for (var i = 0; i < 5; i++)
        {
            await TakeAsync(file, Record(AuditLevel.Metadata));
        }

        Assert.Equal([("buffered", 1L), ("buffered", 1L), ("buffered", 1L)], lost.All);
    }

    /// <summary>A host may go without having been stopped; what it loses then, it says.</summary>
    [Fact]
    public async Task WhatIsNotDeliveredAtTheEndIsLostAndNoFailure()
    {
        using var lost = new LostEvents();
        var sink = new Stuck(lost.Metrics);
        await sink.StartAsync(default);
        for (var i = 0; i < 3; i++)
        {
            await TakeAsync(sink, Record(AuditLevel.Metadata));
        }

        await sink.Delivering.Task.WaitAsync(TimeSpan.FromMinutes(1));
        sink.Dispose();
        await sink.ExecuteTask!;

        Assert.Equal([("test", 3L)], lost.All);
        await TakeAsync(sink, Record(AuditLevel.Metadata));
        Assert.Equal([("test", 3L), ("buffered", 1L)], lost.All);
    }

    private static AuditFile LogAt(string path, LostEvents lost, AuditTruncation truncation) => new(
        new AuditFileOptions { Path = path, Delivery = AuditDelivery.OfLog with { Truncation = truncation } },
        lost.Metrics, TimeProvider.System, NullLogger<AuditFile>.Instance);

    private static AuditRecord Record(AuditLevel level) => new()
    {
        Level = level, Id = "1", Uri = "/", Received = default,
        Request = RequestInfoReader.Read("GET", "/").Required,
    };

    private static async Task TakeAsync(AuditSink sink, AuditRecord record) =>
        Assert.True(await sink.TakeAsync(Event(record)));

    private static AuditEvent Event(AuditRecord record) => new(
        record, AuditStages.ResponseComplete, default,
        AuditEventWriter.Write(record, AuditStages.ResponseComplete, default, withBodies: true));

    private static async Task<List<JsonNode>> LinesAsync(string path) =>
        [.. (await File.ReadAllLinesAsync(path)).Select(static line => JsonNode.Parse(line)!)];

    /// <summary>Notes how large batches are.</summary>
    private sealed class Batches(AuditDelivery delivery, AuditMetrics metrics, List<int> sizes)
        : AuditSink("test", delivery, metrics, TimeProvider.System, NullLogger.Instance)
    {
        protected override Task<string?> DeliverAsync(
            IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken)
        {
            sizes.Add(events.Count);
            return Task.FromResult<string?>(null);
        }
    }

    /// <summary>Delivers one event at a time, and none ever.</summary>
    private sealed class Stuck(AuditMetrics metrics) : AuditSink(
        "test", new AuditDelivery { MaxBatch = 1, MaxWait = TimeSpan.Zero }, metrics, TimeProvider.System,
        NullLogger.Instance)
    {
        public TaskCompletionSource Delivering { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override async Task<string?> DeliverAsync(
            IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken)
        {
            Delivering.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return null;
        }
    }

    /// <summary>What is counted of events that are lost.</summary>
    private sealed class LostEvents : IDisposable
    {
        private readonly MeterListener _listener = new();

        public LostEvents()
        {
            var meters = new ServiceCollection().AddMetrics().BuildServiceProvider()
                .GetRequiredService<IMeterFactory>();
            Metrics = new AuditMetrics(meters);
            _listener.InstrumentPublished = (instrument, heard) =>
            {
                if (instrument.Name == "apiserver_audit_error_total" && instrument.Meter.Scope == meters)
                {
                    heard.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
                All.Add(((string)tags[0].Value!, count)));
            _listener.Start();
        }

        public AuditMetrics Metrics { get; }

        public List<(string Sink, long Count)> All { get; } = [];

        public void Dispose() => _listener.Dispose();
    }
}
