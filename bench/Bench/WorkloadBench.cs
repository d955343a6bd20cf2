using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Bench;

/// <summary>
/// What controllers do with many objects at once, each scenario on a fresh cluster of hollow nodes, and some times
/// over: the time from the first request until the last object is as it should be.
/// </summary>
public sealed class WorkloadBench(BenchOptions options)
{
    private const int FanOut = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private const string Template = """
        {"metadata":{"labels":{"app":"bench"}},"spec":{"containers":[{"name":"c","image":"registry.example/c:1",
        "resources":{"requests":{"cpu":"1m","memory":"1Mi"}}}]ELSE}}
        """;

    private const string OnceOnly = ",\"restartPolicy\":\"Never\"";

    private static readonly Scenario[] All =
    [
        new("1,000 Jobs of one pod on 100 nodes", 100, 1_000, "jobs/s", JobsAsync),
        new("100 StatefulSets of 5 pods on 100 nodes", 100, 500, "pods/s", StatefulSetsAsync),
        new("a DaemonSet on 5,000 nodes", 5_000, 5_000, "pods/s", DaemonSetAsync),
        new("garbage of 10,000 dependents", 0, 10_000, "objects/s", GarbageAsync),
        new("a namespace of 1,000 objects in 20 kinds", 0, 1_000, "objects/s", NamespaceAsync),
    ];

    /// <summary>Namespaced kinds that need nothing but a name, or the little that stands here.</summary>
    private static readonly (string Path, string Kind, string Others)[] Kinds =
    [
        ("api/v1", "configmaps", "{}"),
        ("api/v1", "secrets", "{}"),
        ("api/v1", "serviceaccounts", "{}"),
        ("api/v1", "services", """{"spec":{"ports":[{"port":80}]}}"""),
        ("api/v1", "endpoints", "{}"),
        ("api/v1", "limitranges", """{"spec":{"limits":[]}}"""),
        ("api/v1", "resourcequotas", """{"spec":{}}"""),
        ("api/v1", "podtemplates", With("""{"template":POD}""")),
        ("api/v1", "replicationcontrollers", With("""{"spec":{"replicas":0,"template":POD}}""")),
        ("apis/apps/v1", "replicasets", Workload("0")),
        ("apis/apps/v1", "deployments", Workload("0")),
        ("apis/apps/v1", "statefulsets", Workload("0")),
        ("apis/apps/v1", "controllerrevisions", """{"revision":1,"data":{}}"""),
        ("apis/batch/v1", "cronjobs", CronJob),
        ("apis/networking.k8s.io/v1", "networkpolicies", """{"spec":{"podSelector":{}}}"""),
        ("apis/networking.k8s.io/v1", "ingresses",
            """{"spec":{"defaultBackend":{"service":{"name":"a","port":{"number":80}}}}}"""),
        ("apis/policy/v1", "poddisruptionbudgets", """{"spec":{"minAvailable":1,"selector":{}}}"""),
        ("apis/rbac.authorization.k8s.io/v1", "roles", """{"rules":[]}"""),
        ("apis/coordination.k8s.io/v1", "leases", """{"spec":{}}"""),
        ("apis/discovery.k8s.io/v1", "endpointslices", """{"addressType":"IPv4","endpoints":[]}"""),
    ];

    private static string CronJob =>
        With("""{"spec":{"schedule":"0 0 1 1 *","jobTemplate":{"spec":{"template":POD}}}}""", OnceOnly);

    /// <summary>Measures all of them, one after the other.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var machine = await Machine.DescribeAsync(options.Repository, TimeProvider.System, cancellationToken);
        Report.Print(machine);
        foreach (var scenario in All.Where(s => s.Name.Contains(options.Only, StringComparison.OrdinalIgnoreCase)))
        {
            await MeasureAsync(scenario, cancellationToken);
        }

        return 0;
    }

    private async Task MeasureAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        await using var cluster =
            await BenchCluster.StartAsync(options, scenario.Nodes, controllers: true, patience.Token);
        await WaitForNodesAsync(cluster, scenario.Nodes, patience.Token);
        Report.Line($"  {scenario.Name}");
        for (var round = 0; round < options.Rounds; round++)
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"round{round}");
            await MakeNamespaceAsync(cluster, place, patience.Token);
            await MeasureRoundAsync(cluster, scenario, place, patience.Token);
            await DeleteAsync(
                cluster, $"api/v1/namespaces/{place}", $"api/v1/namespaces?fieldSelector=metadata.name%3D{place}",
                patience.Token);
        }
    }

    /// <summary>What a round costs. The first is that of a new silo, with what it compiles at first use.</summary>
    private static async Task MeasureRoundAsync(
        BenchCluster cluster, Scenario scenario, string place, CancellationToken cancellationToken)
    {
        var (cpu, counts) = (cluster.ReadCpu(), await WorkloadCounts.ReadAsync(cluster, cancellationToken));
        var took = await scenario.Measure(cluster, place, scenario.Objects, cancellationToken);
        var each = (cluster.ReadCpu() - cpu).TotalMilliseconds / scenario.Objects;
        counts = (await WorkloadCounts.ReadAsync(cluster, cancellationToken)).Since(counts);
        var rate = scenario.Objects / took.TotalSeconds;
        Report.Line($"    {took.TotalSeconds,7:F2} s {rate,7:F0} {scenario.Unit,-9}");
        Report.Line($"      CPU {each:F2} ms each, load {Machine.Load()}");
        Report.Line($"      each: {counts.Each(scenario.Objects)}");
    }

    /// <summary>A namespace, with the account that its pods run as.</summary>
    private static async Task MakeNamespaceAsync(
        BenchCluster cluster, string name, CancellationToken cancellationToken)
    {
        await PostAsync(cluster, "api/v1/namespaces", name, "{}", cancellationToken);
        await WaitAsync(
            cluster, $"api/v1/namespaces/{name}/serviceaccounts?fieldSelector=metadata.name%3Ddefault", 1,
            cancellationToken);
    }

    private static async Task<TimeSpan> JobsAsync(
        BenchCluster cluster, string place, int jobs, CancellationToken cancellationToken)
    {
        var list = $"apis/batch/v1/namespaces/{place}/jobs";
        var start = TimeProvider.System.GetTimestamp();

        // A hollow node ends only pods that say when.
        const string Ends = "\"annotations\":{\"hollow-node/run-duration\":\"10ms\"},\"labels\":";
        var spec = With("""{"spec":{"template":POD}}""", OnceOnly).Replace(
            "\"labels\":", Ends, StringComparison.Ordinal);
        await CreateAsync(cluster, list, "job", jobs, spec, cancellationToken);
        await WaitForEachAsync(cluster, $"{list}?fieldSelector=status.successful%3D1", jobs, cancellationToken);
        return TimeProvider.System.GetElapsedTime(start);
    }

    private static async Task<TimeSpan> StatefulSetsAsync(
        BenchCluster cluster, string place, int pods, CancellationToken cancellationToken)
    {
        const int Replicas = 5;
        var start = TimeProvider.System.GetTimestamp();
        await CreateAsync(
            cluster, $"apis/apps/v1/namespaces/{place}/statefulsets",
            "set", pods / Replicas, Workload("5"), cancellationToken);
        await WaitForPodsAsync(cluster, place, pods, cancellationToken);
        return TimeProvider.System.GetElapsedTime(start);
    }

    private static async Task<TimeSpan> DaemonSetAsync(
        BenchCluster cluster, string place, int pods, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        await CreateAsync(
            cluster, $"apis/apps/v1/namespaces/{place}/daemonsets", "agent", 1, Workload(null), cancellationToken);
        await WaitForPodsAsync(cluster, place, pods, cancellationToken);
        return TimeProvider.System.GetElapsedTime(start);
    }

    private static async Task<TimeSpan> GarbageAsync(
        BenchCluster cluster, string place, int dependents, CancellationToken cancellationToken)
    {
        var list = $"api/v1/namespaces/{place}/configmaps";
        await CreateAsync(cluster, list, "owner", 1, "{}", cancellationToken);
        using var owner = await cluster.ReadAsync($"/{list}/owner0", cancellationToken);
        var uid = owner.RootElement.GetProperty("metadata").GetProperty("uid").GetString();
        var owned = """
            {"metadata":{"labels":{"owned":"yes"},"ownerReferences":[
            {"apiVersion":"v1","kind":"ConfigMap","name":"owner0","uid":"UID"}]}}
            """.Replace("UID", uid, StringComparison.Ordinal);
        await CreateAsync(cluster, list, "owned", dependents, owned, cancellationToken);
        return await DeleteAsync(
            cluster, $"{list}/owner0", $"{list}?limit=1&labelSelector=owned", cancellationToken);
    }

    private static async Task<TimeSpan> NamespaceAsync(
        BenchCluster cluster, string place, int objects, CancellationToken cancellationToken)
    {
        var full = $"full-{place}";
        await PostAsync(cluster, "api/v1/namespaces", full, "{}", cancellationToken);
        foreach (var (path, kind, rest) in Kinds)
        {
            await CreateAsync(
                cluster, $"{path}/namespaces/{full}/{kind}", "o", objects / Kinds.Length, rest, cancellationToken);
        }

        return await DeleteAsync(
            cluster, $"api/v1/namespaces/{full}", $"api/v1/namespaces?fieldSelector=metadata.name%3D{full}",
            cancellationToken);
    }

    private static async Task<TimeSpan> DeleteAsync(
        BenchCluster cluster, string what, string until, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var deleted = await cluster.Client.DeleteAsync(Address(what), cancellationToken);
        deleted.EnsureSuccessStatusCode();
        await WaitAsync(cluster, until, 0, cancellationToken);
        return TimeProvider.System.GetElapsedTime(start);
    }

    /// <summary>A body with the template of its pods in place.</summary>
    private static string With(string body, string rest = "") => body.Replace(
        "POD", Template.Replace("ELSE", rest, StringComparison.Ordinal), StringComparison.Ordinal);

    private static string Workload(string? replicas)
    {
        var many = replicas is null ? "" : $"\"replicas\":{replicas},";
        return With("""{"spec":{MANY"selector":{"matchLabels":{"app":"bench"}},"template":POD}}""".Replace(
            "MANY", many, StringComparison.Ordinal));
    }

    /// <summary>Objects that differ in their names, and workloads in the labels of their pods too.</summary>
    private static Task CreateAsync(
        BenchCluster cluster, string place, string prefix, int count, string body,
        CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = FanOut, CancellationToken = cancellationToken },
            async (number, token) =>
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{prefix}{number}");
                await PostAsync(
                    cluster, place, name, body.Replace("\"bench\"", $"\"{name}\"", StringComparison.Ordinal), token);
            });

    private static async Task PostAsync(
        BenchCluster cluster, string place, string name, string body, CancellationToken cancellationToken)
    {
        var item = JsonNode.Parse(body)!;
        item["metadata"] ??= new JsonObject();
        item["metadata"]!["name"] = name;
        using var content = new StringContent(
            item.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var answer = await cluster.Client.PostAsync(Address(place), content, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            var why = await answer.Content.ReadAsStringAsync(cancellationToken);
            throw new InvalidOperationException($"{place}: {why}");
        }
    }

    /// <summary>Waits until a list has so many items. Its pages have one item, so that asking costs nothing.</summary>
    private static async Task WaitAsync(
        BenchCluster cluster, string list, int count, CancellationToken cancellationToken)
    {
        while (await CountAsync(cluster, list, cancellationToken) != count)
        {
            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
        }
    }

    private static Task WaitForPodsAsync(
        BenchCluster cluster, string place, int pods, CancellationToken cancellationToken) =>
        WaitForEachAsync(
            cluster, $"api/v1/namespaces/{place}/pods?fieldSelector=status.phase%3DRunning", pods, cancellationToken);

    /// <summary>
    /// Waits until so many objects have come to what a list selects. Each is told of once: asking again and again which
    /// of thousands are not there yet would be much of what is measured.
    /// </summary>
    private static async Task WaitForEachAsync(
        BenchCluster cluster, string list, int count, CancellationToken cancellationToken)
    {
        await using var events = await cluster.Client.GetStreamAsync(Address($"{list}&watch=1"), cancellationToken);
        using var lines = new StreamReader(events);
        for (var come = 0; come < count;)
        {
            var line = await lines.ReadLineAsync(cancellationToken)
                ?? throw new InvalidOperationException($"{list}: the watch ended after {come} of {count}");
            come += line.StartsWith("{\"type\":\"ADDED\"", StringComparison.Ordinal) ? 1 : 0;
        }
    }

    /// <summary>Waits until all nodes have what they get from the cluster, and are open for pods.</summary>
    private static async Task WaitForNodesAsync(BenchCluster cluster, int nodes, CancellationToken cancellationToken)
    {
        await WaitAsync(cluster, "api/v1/nodes?limit=1", nodes, cancellationToken);
        while (!await AreOpenAsync(cluster, cancellationToken))
        {
            await Task.Delay(10 * PollInterval, TimeProvider.System, cancellationToken);
        }
    }

    private static async Task<bool> AreOpenAsync(BenchCluster cluster, CancellationToken cancellationToken)
    {
        using var answer = await cluster.ReadAsync("/api/v1/nodes?resourceVersion=0", cancellationToken);
        return answer.RootElement.GetProperty("items").EnumerateArray().All(static n =>
            n.GetProperty("spec") is var spec && spec.TryGetProperty("podCIDR", out _)
            && !spec.TryGetProperty("taints", out _));
    }

    private static async Task<int> CountAsync(BenchCluster cluster, string list, CancellationToken cancellationToken)
    {
        using var answer = await cluster.ReadAsync($"/{list}", cancellationToken);
        var more = answer.RootElement.GetProperty("metadata").TryGetProperty("remainingItemCount", out var left)
            ? left.GetInt32()
            : 0;
        return answer.RootElement.GetProperty("items").GetArrayLength() + more;
    }

    private static Uri Address(string path) => new($"/{path}", UriKind.Relative);

    /// <summary>One measurement.</summary>
    /// <param name="Name">What happens.</param>
    /// <param name="Nodes">Hollow nodes.</param>
    /// <param name="Objects">How many objects it is about.</param>
    /// <param name="Unit">What the rate counts.</param>
    /// <param name="Measure">Does it in a namespace and says how long it took.</param>
    private sealed record Scenario(
        string Name, int Nodes, int Objects, string Unit,
        Func<BenchCluster, string, int, CancellationToken, Task<TimeSpan>> Measure);
}
