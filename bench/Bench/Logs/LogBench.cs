using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Shipping;
using OrleansOrchestrator.NodeAgent;
using OrleansOrchestrator.NodeAgent.Logs.Shipping;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.Bench.Logs;

/// <summary>
/// Central logs with a real silo and PostgreSQL: a node's shipper sends generated files as fast as they are taken, and
/// then they are searched over HTTPS. CPU is that of all parts together: shipper, silo and PostgreSQL.
/// </summary>
public sealed class LogBench(BenchOptions options, int lines)
{
    private const string Node = "bench-node";
    private const int Pods = 10;
    private const int LinesOfFile = 100_000;
    private const int Repeats = 5;
    private const string Needle = "xylophone4711";

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var cluster = await BenchCluster.StartAsync(options, 0, controllers: false, cancellationToken);
        var directory = Directory.CreateTempSubdirectory("orc-bench-logs-").FullName;
        try
        {
            await IngestAsync(cluster, directory, cancellationToken);
            await SearchAsync(cluster, cancellationToken);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        return 0;
    }

    private async Task IngestAsync(BenchCluster cluster, string directory, CancellationToken cancellationToken)
    {
        var homes = await PodsAsync(cluster, directory, cancellationToken);
        var agent = new NodeAgentOptions { NodeName = Node, PodLogsDirectory = directory };
        var counts = new ShippingCounts();
        var shipper = new LogShipper(
            new LogSources(agent, TimeProvider.System), new Sink(cluster.Client), new NoPods(), counts, TimeProvider.System,
                NullLogger<LogShipper>.Instance);
        var (generated, raw, cpu, elapsed) = (new LogLines(1), 0L, Cpu.Zero, TimeSpan.Zero);
        for (var (sent, instance) = (0, 0); sent < lines; instance++)
        {
            foreach (var home in homes)
            {
                // Each round is another instance of the container; the one before is pruned, as a node does.
                var path = Path.Combine(home, $"{instance}.log");
                File.Delete(Path.Combine(home, $"{instance - 1}.log"));
                using (var file = StringFormats.Writer(path))
                {
                    generated.Write(file, LinesOfFile, sent == 0 ? LinesOfFile / 2 : -1, Needle);
                }

                raw += new FileInfo(path).Length;
                sent += LinesOfFile;
            }

            var (before, start) = (Cpu.Read(cluster), Stopwatch.GetTimestamp());

            // A file is left in the round after its end was seen.
            await shipper.RoundAsync(cancellationToken);
            await shipper.RoundAsync(cancellationToken);
            elapsed += Stopwatch.GetElapsedTime(start);
            cpu += Cpu.Read(cluster) - before;
        }

        var stored = await StoredAsync(cluster, cancellationToken);
        Say(
            $"{counts.Sent:N0} lines sent in {elapsed.TotalSeconds:F1} s: " +
            $"{counts.Sent / elapsed.TotalSeconds:N0} lines/s");
        Say(
            $"CPU for 20,000 lines: {20_000 * cpu.Total.TotalSeconds / counts.Sent:P1} of a core " +
            $"(node {cpu.Node / cpu.Total:P0}, silo {cpu.Silo / cpu.Total:P0}, " +
            $"PostgreSQL {cpu.Postgres / cpu.Total:P0})");
        Say(
            $"{raw / 1e6:N0} MB of files, {generated.TextBytes / 1e6:N0} MB of text; " +
            $"{stored / 1e6:N0} MB in PostgreSQL with indexes: " +
            $"{(double)raw / stored:F1} and {(double)generated.TextBytes / stored:F1} times smaller");
    }

    private async Task SearchAsync(BenchCluster cluster, CancellationToken cancellationToken)
    {
        foreach (var (title, query) in new[]
        {
            ("a word that is in few lines", Needle),
            ("a word that is in no line", "zeppelin0815"),
            ("a word that is in many lines, newest 100", "payment"),
            ("two words and a field", "retrying level=error"),
            ("a regular expression with words in it", "/upstream\",\"user\":4711\\d/"),
            ("a regular expression with half a word in it", "/\"ms\":8[0-9]{2}.*[a-f]{9}/"),
            ("a regular expression with several to choose from", "/connection (reset|refused)|deadline exceeded/"),
            ("a regular expression without any text", "/[g-z]{3}\\d[g-z]{3}/"),
        })
        {
            var times = new List<double>();
            var (found, segments, timedOut) = (0, 0, 0);
            for (var i = 0; i < Repeats; i++)
            {
                var start = Stopwatch.GetTimestamp();
                var page = await cluster.Client.GetFromJsonAsync<JsonObject>(
                    new Uri($"/apis/logs.orc.dev/v1/lines?query={Uri.EscapeDataString(query)}", UriKind.Relative),
                        cancellationToken);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                (found, segments) = (page!["items"]!.AsArray().Count, (int)page["search"]!["segments"]!);
                timedOut += (bool)page["search"]!["timedOut"]! ? 1 : 0;
            }

            Say($"{title}: {times.Order().ElementAt(Repeats / 2):N0} ms, {found} lines, {segments} segments read"
                + (timedOut > 0 ? " (first page; the search took its ten seconds)" : ""));
        }
    }

    private static async Task<List<string>> PodsAsync(
        BenchCluster cluster, string directory, CancellationToken cancellationToken)
    {
        // No controller makes it, and no pod is admitted without.
        var account = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } };
        using var made = await cluster.Client.PostAsJsonAsync(
            new Uri("/api/v1/namespaces/default/serviceaccounts", UriKind.Relative), account, cancellationToken);
        made.EnsureSuccessStatusCode();
        var homes = new List<string>();
        for (var i = 0; i < Pods; i++)
        {
            var pod = new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = $"web-{i}" },
                ["spec"] = new JsonObject
                {
                    ["nodeName"] = Node,
                    ["containers"] = new JsonArray(new JsonObject { ["name"] = "main", ["image"] = "x" }),
                },
            };
            using var answer = await cluster.Client.PostAsJsonAsync(
                new Uri("/api/v1/namespaces/default/pods", UriKind.Relative), pod, cancellationToken);
            answer.EnsureSuccessStatusCode();
            var uid = (string)(await answer.Content.ReadFromJsonAsync<JsonObject>(
                cancellationToken))!["metadata"]!["uid"]!;
            homes.Add(Directory.CreateDirectory(Path.Combine(directory, $"default_web-{i}_{uid}", "main")).FullName);
        }

        return homes;
    }

    private static async Task<long> StoredAsync(BenchCluster cluster, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(cluster.ConnectionString);
        await using var command = source.CreateCommand(
            "select pg_total_relation_size('logs.segments') + pg_total_relation_size('logs.streams')");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static void Say(string text) => Console.WriteLine(text);

    private readonly record struct Cpu(TimeSpan Node, TimeSpan Silo, TimeSpan Postgres)
    {
        public static readonly Cpu Zero = new(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);

        public TimeSpan Total => Node + Silo + Postgres;

        public static Cpu Read(BenchCluster cluster) => new(
            Environment.CpuUsage.TotalTime, ProcessMeter.Read(cluster.SiloProcess).Cpu,
                ProcessMeter.Read(cluster.PostgresProcess).Cpu);

        public static Cpu operator -(Cpu a, Cpu b) => new(a.Node - b.Node, a.Silo - b.Silo, a.Postgres - b.Postgres);

        public static Cpu operator +(Cpu a, Cpu b) => new(a.Node + b.Node, a.Silo + b.Silo, a.Postgres + b.Postgres);
    }

    private sealed class NoPods : IPodRegistry
    {
        public IReadOnlyList<k8s.Models.V1Pod> List() => [];

        public PodEntry? Find(string podNamespace, string podName) => null;

        public PodEntry? FindByUid(string uid) => null;
    }

    private sealed class Sink(HttpClient client) : ILogSink
    {
        public async Task<IReadOnlyList<LogStreamAnswer>> OpenAsync(
            IReadOnlyCollection<StreamName> streams, CancellationToken cancellationToken)
        {
            using var answer = await PostAsync("streams", LogStreamList.Write(streams), "application/json",
                cancellationToken);
            answer.EnsureSuccessStatusCode();
            return LogStreamList.ReadAnswers(await answer.Content.ReadAsByteArrayAsync(cancellationToken))!;
        }

        public async Task<SendResult> SendAsync(byte[] batch, CancellationToken cancellationToken)
        {
            using var answer = await PostAsync("segments", batch, LogBatch.ContentType, cancellationToken);
            if (answer.StatusCode == HttpStatusCode.Conflict)
            {
                return SendResult.Moved;
            }

            answer.EnsureSuccessStatusCode();
            return SendResult.Kept;
        }

        private Task<HttpResponseMessage> PostAsync(
            string what, byte[] body, string type, CancellationToken cancellationToken) => client.PostAsync(
                new Uri($"/apis/logs.orc.dev/v1/nodes/{Node}/{what}", UriKind.Relative),
                new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } },
                cancellationToken);
    }
}
