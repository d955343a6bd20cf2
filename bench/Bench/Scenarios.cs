using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace OrleansOrchestrator.Bench;

/// <summary>What is measured beside single requests.</summary>
public static class Scenarios
{
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RolloutTime = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private const string DeploymentBody = """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":REPLICAS,
        "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[
        {"name":"web","image":"registry.example/web:1","resources":{"requests":{"cpu":"10m","memory":"32Mi"}}}]}}}}
        """;

    /// <summary>Waits until start-up work is over, then watches a cluster that does nothing.</summary>
    public static async Task<Idle> IdleAsync(BenchCluster cluster, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        await Task.Delay(Settle, time, cancellationToken);
        var (silo, postgres) = (ProcessMeter.Read(cluster.SiloProcess), ProcessMeter.Read(cluster.PostgresProcess));
        var start = time.GetTimestamp();
        await Task.Delay(IdleTime, time, cancellationToken);
        var elapsed = time.GetElapsedTime(start);
        var (siloAfter, postgresAfter) = (ProcessMeter.Read(cluster.SiloProcess), ProcessMeter.Read(cluster.PostgresProcess));
        return new Idle(
            100 * (siloAfter.Cpu - silo.Cpu) / elapsed,
            100 * (postgresAfter.Cpu - postgres.Cpu) / elapsed,
            siloAfter.PrivateMegabytes,
            postgresAfter.PrivateMegabytes);
    }

    /// <summary>Creates a Deployment and waits for its pods.</summary>
    public static async Task<Rollout> RolloutAsync(BenchCluster cluster, int nodes, int pods, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(RolloutTime);
        await WaitAsync(cluster, "/api/v1/nodes?resourceVersion=0", IsReadyNode, nodes, patience.Token);
        var before = Cpu(cluster);
        var start = time.GetTimestamp();
        var body = DeploymentBody.Replace("REPLICAS", pods.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        using var content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        var created = await cluster.Client.PostAsync(
            new Uri("/apis/apps/v1/namespaces/default/deployments", UriKind.Relative), content, patience.Token);
        created.EnsureSuccessStatusCode();
        const string Pods = "/api/v1/namespaces/default/pods?resourceVersion=0&fieldSelector=";
        await WaitAsync(cluster, Pods + "spec.nodeName!%3D", static _ => true, pods, patience.Token);
        var bound = time.GetElapsedTime(start);
        await WaitAsync(cluster, Pods + "status.phase%3DRunning", static _ => true, pods, patience.Token);
        var running = time.GetElapsedTime(start);
        return new Rollout(nodes, pods, bound, running, (Cpu(cluster) - before).TotalMilliseconds / pods);
    }

    private static TimeSpan Cpu(BenchCluster cluster) =>
        ProcessMeter.Read(cluster.SiloProcess).Cpu + ProcessMeter.Read(cluster.PostgresProcess).Cpu;

    private static bool IsReadyNode(JsonElement node) => node.GetProperty("status").TryGetProperty("conditions", out var conditions) &&
        conditions.EnumerateArray().Any(c => c.GetProperty("type").GetString() == "Ready" && c.GetProperty("status").GetString() == "True");

    private static async Task WaitAsync(
        BenchCluster cluster, string list, Func<JsonElement, bool> counts, int wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var answer = await cluster.Client.GetStreamAsync(new Uri(list, UriKind.Relative), cancellationToken);
            using var document = await JsonDocument.ParseAsync(answer, cancellationToken: cancellationToken);
            if (document.RootElement.GetProperty("items").EnumerateArray().Count(counts) >= wanted)
            {
                return;
            }

            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
        }
    }
}
