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
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

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
    public static async Task<Rollout> RolloutAsync(
        BenchCluster cluster, int nodes, int pods, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(RolloutTime);
        const string Nodes = "/api/v1/nodes?resourceVersion=0";
        await WaitAsync(
            async () => await CountAsync(cluster, Nodes, IsReadyNode, patience.Token) >= nodes, patience.Token);
        var (before, siloBefore) = (cluster.ReadCpu(), ProcessMeter.Read(cluster.SiloProcess).Cpu);
        var podWrites = await WritesAsync(cluster, "/api/v1/pods", patience.Token);
        var eventWrites = await WritesAsync(cluster, "/api/v1/events", patience.Token);
        var start = time.GetTimestamp();
        var body = DeploymentBody.Replace(
            "REPLICAS", pods.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        using var content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        var created = await cluster.Client.PostAsync(
            new Uri("/apis/apps/v1/namespaces/default/deployments", UriKind.Relative), content, patience.Token);
        created.EnsureSuccessStatusCode();
        await WaitAsync(() => AllAsync(cluster, pods, "spec.nodeName%3D", patience.Token), patience.Token);
        var bound = time.GetElapsedTime(start);
        await WaitAsync(() => AllAsync(cluster, pods, "status.phase!%3DRunning", patience.Token), patience.Token);
        var running = time.GetElapsedTime(start);
        var silo = ProcessMeter.Read(cluster.SiloProcess);
        var cpu = cluster.ReadCpu() - before;
        return new Rollout(nodes, pods, bound, running, cpu.TotalMilliseconds / pods)
        {
            PodWrites = (double)(await WritesAsync(cluster, "/api/v1/pods", patience.Token) - podWrites) / pods,
            EventWrites = (double)(await WritesAsync(cluster, "/api/v1/events", patience.Token) - eventWrites) / pods,
            SiloCpuMillisecondsPerPod = (silo.Cpu - siloBefore).TotalMilliseconds / pods,
            PrivateMegabytes = silo.PrivateMegabytes,
        };
    }

    /// <summary>
    /// All pods are there, and none of them is as the selector says. Asked with pages of one: a list of 10,000 pods
    /// every moment would be most of what is measured.
    /// </summary>
    private static async Task<bool> AllAsync(
        BenchCluster cluster, int pods, string noneIs, CancellationToken cancellationToken)
    {
        const string Pods = "/api/v1/namespaces/default/pods?limit=1";
        using var all = await cluster.ReadAsync(Pods, cancellationToken);
        var metadata = all.RootElement.GetProperty("metadata");
        var more = metadata.TryGetProperty("remainingItemCount", out var remaining) ? remaining.GetInt32() : 0;
        if (all.RootElement.GetProperty("items").GetArrayLength() + more < pods)
        {
            return false;
        }

        using var none = await cluster.ReadAsync($"{Pods}&fieldSelector={noneIs}", cancellationToken);
        return none.RootElement.GetProperty("items").GetArrayLength() == 0;
    }

    /// <summary>How many writes of a resource were committed so far: revisions are dense.</summary>
    public static async Task<long> WritesAsync(
        BenchCluster cluster, string collection, CancellationToken cancellationToken)
    {
        using var list = await cluster.ReadAsync($"{collection}?limit=1", cancellationToken);
        var revision = list.RootElement.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;
        return long.Parse(revision, CultureInfo.InvariantCulture);
    }

    private static bool IsReadyNode(JsonElement node) => node.GetProperty("status").TryGetProperty("conditions", out var conditions) &&
        conditions.EnumerateArray().Any(c => c.GetProperty("type").GetString() == "Ready" && c.GetProperty("status").GetString() == "True");

    private static async Task<int> CountAsync(
        BenchCluster cluster, string list, Func<JsonElement, bool> counts, CancellationToken cancellationToken)
    {
        using var document = await cluster.ReadAsync(list, cancellationToken);
        return document.RootElement.GetProperty("items").EnumerateArray().Count(counts);
    }

    private static async Task WaitAsync(Func<Task<bool>> isSo, CancellationToken cancellationToken)
    {
        while (!await isSo())
        {
            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
        }
    }
}
