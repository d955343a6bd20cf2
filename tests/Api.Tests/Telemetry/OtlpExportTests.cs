using System.Text;
using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Telemetry;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Telemetry;

/// <summary>What a collector gets of a silo's requests and figures.</summary>
public sealed class OtlpExportTests : IAsyncLifetime
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const int Million = 1_000_000;

    private readonly Channel<(string Path, byte[] Body)> _received = Channel.CreateUnbounded<(string, byte[])>();
    private WebApplication _collector = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _collector = builder.Build();
        _collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            _received.Writer.TryWrite((context.Request.Path, body.ToArray()));
            context.Response.ContentType = "application/x-protobuf";
        });
        await _collector.StartAsync();
    }

    public ValueTask DisposeAsync() => _collector.DisposeAsync();

    [Fact]
    public async Task OneTraceShowsARequestItsCommitTheStatementAndTheWatch()
    {
        await using var host = await ProtocolHost.StartAsync(
            new TestSilosOptions { ConnectionString = await PostgresFixture.CreateDatabaseAsync() },
            services => services.AddTelemetryExport(Options() with { TracesPerMillion = Million }));
        using var followed = await host.Http.GetAsync("/api/v1/namespaces");
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/namespaces")
        {
            Content = new StringContent("""{"metadata":{"name":"default"}}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("traceparent", $"00-{Trace}-b7ad6b7169203331-01");
        using var response = await host.Http.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode);

        var missing = new HashSet<string>(
        [
            "Microsoft.AspNetCore", "OrleansOrchestrator journal.commit", "OrleansOrchestrator watch.dispatch",
            "Npgsql",
        ]);
        var seen = new List<string>();
        await UntilAsync(
            "/v1/traces",
            body =>
            {
                foreach (var (scope, name, trace) in Spans(body))
                {
                    seen.Add($"{trace} {scope} {name}");
                    if (trace == Trace)
                    {
                        missing.Remove(scope == "OrleansOrchestrator" ? $"{scope} {name}" : scope);
                    }
                }

                return missing.Count == 0;
            },
            () => $"{string.Join(", ", missing)} of\n{string.Join('\n', seen)}");
    }

    [Fact]
    public async Task FiguresAreSentUnderTheNamesTheyHaveAtMetrics()
    {
        await using var host = await ProtocolHost.StartAsync(
            configure: services => services.AddTelemetryExport(
                Options() with { MetricsInterval = TimeSpan.FromMilliseconds(100) }));
        using var answer = await host.Http.GetAsync(Maps);

        var text = "";
        await UntilAsync(
            "/v1/metrics",
            body =>
            {
                text = Encoding.Latin1.GetString(body);
                return text.Contains("apiserver_request_total", StringComparison.Ordinal);
            },
            () => text);
        Assert.Contains("silo-of-the-test", text, StringComparison.Ordinal);
    }

    private TelemetryOptions Options() =>
        new() { Endpoint = new Uri(_collector.Urls.Single()), Instance = "silo-of-the-test" };

    /// <summary>Waits for what is sent to a path until it is enough; says what is missing otherwise.</summary>
    private async Task UntilAsync(string path, Func<byte[], bool> isEnough, Func<string> missing)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            (string To, byte[] Body) got;
            do
            {
                got = await _received.Reader.ReadAsync(patience.Token);
            }
            while (got.To != path || !isEnough(got.Body));
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Nobody sent {missing()}");
        }
    }

    /// <summary>Scope, name and trace of each span: resources (1), scopes (2), spans (2).</summary>
    private static IEnumerable<(string Scope, string Name, string Trace)> Spans(byte[] request) =>
        from resource in Fields(request, 1)
        from scope in Fields(resource, 2)
        let name = Encoding.UTF8.GetString(Fields(Fields(scope, 1).Single(), 1).Single())
        from span in Fields(scope, 2)
        select (
            name, Encoding.UTF8.GetString(Fields(span, 5).Single()),
            Convert.ToHexStringLower(Fields(span, 1).Single()));

    private static List<byte[]> Fields(byte[] message, int number)
    {
        var result = new List<byte[]>();
        var input = new CodedInputStream(message);
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagFieldNumber(tag) == number
                && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
            {
                result.Add(input.ReadBytes().ToByteArray());
            }
            else
            {
                input.SkipLastField();
            }
        }

        return result;
    }
}
