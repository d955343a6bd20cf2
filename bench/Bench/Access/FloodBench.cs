using System.Globalization;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Bench.Network;

namespace OrleansOrchestrator.Bench.Access;

/// <summary>
/// One client floods a silo with lists of all pods; a node renews its Lease and patches its status, and controllers
/// make pods: how much longer that takes than in a quiet cluster.
/// </summary>
public sealed class FloodBench(BenchOptions options)
{
    private const int Nodes = 20;
    private const int Listed = 5_000;
    private const int Samples = 300;
    private const int Rollouts = 7;
    private const string NodeToken = "node-token";
    private const string FloodToken = "flood-token";
    private const string Node = "bench-node";
    private const string Lease = $"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{Node}";
    private const string NodePath = $"/api/v1/nodes/{Node}";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var machine = await Machine.DescribeAsync(options.Repository, TimeProvider.System, cancellationToken);
        Report.Print(machine);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        await using var cluster = await BenchCluster.StartAsync(
            options with
            {
                Users =
                [
                    $"{NodeToken},system:node:{Node},2,\"system:nodes\"", $"{FloodToken},flooder,3,\"flooders\"",
                ],
            },
            Nodes, controllers: true, patience.Token);
        Report.Compare(new Measurements { Machine = machine, Flood = await MeasureAsync(cluster, patience.Token) });
        return 0;
    }

    private async Task<FloodFigures> MeasureAsync(BenchCluster cluster, CancellationToken cancellationToken)
    {
        using var nodeHttp = cluster.Connect(NodeToken);
        var (admin, node) = (new BenchClient(cluster.Client), new BenchClient(nodeHttp));
        await PrepareAsync(admin, node, cancellationToken);

        // The first requests of a silo are compiled.
        await SampleAsync("warm", admin, node, cancellationToken);
        var quiet = await SampleAsync("quiet", admin, node, cancellationToken);
        await using var flood = await ListFlood.StartAsync(cluster.Url, FloodToken, cancellationToken);
        var flooded = await SampleAsync("flooded", admin, node, cancellationToken);
        Report.Line($"  the flood of all {Listed} pods was {await flood.EndAsync(cancellationToken)}");
        return new FloodFigures(
            flooded.Lease.Median / quiet.Lease.Median, flooded.Status.Median / quiet.Status.Median,
            flooded.Rollout.Median / quiet.Rollout.Median);
    }

    private static async Task PrepareAsync(BenchClient admin, BenchClient node, CancellationToken cancellationToken)
    {
        await admin.CreateAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", JsonNode.Parse("""
            {"metadata":{"name":"flooders"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole",
            "name":"view"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"flooders"}]}
            """)!, cancellationToken);
        await node.CreateAsync("/api/v1/nodes", Named(Node), cancellationToken);
        await node.CreateAsync(Path.GetDirectoryName(Lease)!, Named(Node), cancellationToken);
        await admin.CreateAsync("/api/v1/namespaces", Named("listed"), cancellationToken);
        await admin.CreateAsync("/api/v1/namespaces/listed/serviceaccounts", Named("robot"), cancellationToken);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Listed), cancellationToken, async (number, token) => await admin.CreateAsync(
                "/api/v1/namespaces/listed/pods",
                JsonNode.Parse(string.Create(CultureInfo.InvariantCulture, $$"""
                    {"metadata":{"name":"p{{number}}"},"spec":{"serviceAccountName":"robot",
                    "nodeSelector":{"bench":"nowhere"},"containers":[{"name":"c","image":"registry.example/c:1"}]} }
                    """))!, token));
    }

    private static async Task<(Spread Lease, Spread Status, Spread Rollout)> SampleAsync(
        string name, BenchClient admin, BenchClient node, CancellationToken cancellationToken)
    {
        var (leases, statuses, rollouts) = (new List<TimeSpan>(), new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i < Samples; i++)
        {
            leases.Add(await TimeAsync(() => node.PatchAsync(
                Lease, JsonNode.Parse($$"""{"spec":{"leaseTransitions":{{i}}} }""")!, cancellationToken)));
            statuses.Add(await TimeAsync(() => node.PatchAsync(
                $"{NodePath}/status",
                JsonNode.Parse($$"""{"status":{"nodeInfo":{"bootID":"{{i}}"} } }""")!, cancellationToken)));
        }

        for (var i = 0; i < Rollouts; i++)
        {
            rollouts.Add(await TimeAsync(() => RolloutAsync(admin, $"{name}-{i}", cancellationToken)));
        }

        var (lease, status, rollout) = (Spread.Of(leases), Spread.Of(statuses), Spread.Of(rollouts));
        Report.Line($"  {name,-8} Lease {lease.Median,8:F2} ms (p99 {lease.P99:F1})");
        Report.Line($"           node status {status.Median,8:F2} ms (p99 {status.P99:F1})");
        Report.Line($"           rollout {rollout.Median,8:F0} ms, load {Machine.Load()}");
        return (lease, status, rollout);
    }

    private static async Task RolloutAsync(BenchClient admin, string name, CancellationToken cancellationToken)
    {
        await admin.CreateAsync(Deployments, JsonNode.Parse($$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"replicas":5,"selector":{"matchLabels":{"app":"{{{name}}}"}},
            "template":{"metadata":{"labels":{"app":"{{{name}}}"}},"spec":{"containers":[{"name":"c",
            "image":"registry.example/c:1","resources":{"requests":{"cpu":"1m"} } }] } } } }
            """)!, cancellationToken);
        var path = $"{Deployments}/{name}";
        while ((int?)(await admin.GetAsync(path, cancellationToken))["status"]?["readyReplicas"] != 5)
        {
            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
        }
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task> act)
    {
        var start = TimeProvider.System.GetTimestamp();
        await act();
        return TimeProvider.System.GetElapsedTime(start);
    }

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };
}
