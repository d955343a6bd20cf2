using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>
/// Two clusters on one machine, in one network: none takes anything from the other. One of them has a cloud.
/// </summary>
[Collection(ClusterTests.Name)]
public sealed class TwoClustersTests(RealCluster cluster)
{
    private const string Ask = "wget -qO- http://web";

    [Fact]
    public async Task Each_works_while_the_other_comes_and_goes()
    {
        cluster.Require();
        await using var cloud = await FakeMachines.StartAsync();
        await using var another = await RealCluster.StartAnotherAsync("--cloud-provider-endpoint", cloud.Endpoint);
        await TheCloudSaysWhatTheNodeIsAsync(another, cloud);
        await ServeAsync(cluster);
        await ServeAsync(another);
        await AnswersAsync(cluster);
        await AnswersAsync(another);

        await another.DownAndUpAsync(() => AnswersAsync(cluster));
        await AnswersAsync(cluster);
        await RestartedAsync(another);
        await AnswersAsync(another);

        await cluster.DownAndUpAsync(() => AnswersAsync(another));
        await AnswersAsync(another);
        await RestartedAsync(cluster);
        await AnswersAsync(cluster);
        (await cluster.KubectlAsync("delete", "namespace", "twins", "--timeout=300s")).Required.ToString();
    }

    [Fact]
    public async Task What_somebody_removes_of_a_clusters_network_comes_back()
    {
        cluster.Require();
        await ServeAsync(cluster);
        var back = cluster.SaysAsync("Somebody has removed the link orc-node; it is back.");
        (await Tools.RunAsync("ip", ["link", "delete", "orc-node"])).Required.ToString();
        await back;
        (await cluster.KubectlAsync("wait", "--for=condition=Ready", "node", "--all", "--timeout=300s"))
            .Required.ToString();
        await AnswersAsync(cluster);
        (await cluster.KubectlAsync("delete", "namespace", "twins", "--timeout=300s")).Required.ToString();
    }

    /// <summary>Until the cloud knows the machine, its node is closed to pods.</summary>
    private static async Task TheCloudSaysWhatTheNodeIsAsync(RealCluster where, FakeMachines cloud)
    {
        const string Taint = "node.cloudprovider.kubernetes.io/uninitialized";
        const string Type = "node\\.kubernetes\\.io/instance-type";
        const string Taints = "{.spec.taints[*].key}";
        const string Address = "{.status.addresses[?(@.type==\"InternalIP\")].address}";
        var node = await NodeAsync(where, "{.metadata.name}");
        Assert.Contains(Taint, await NodeAsync(where, Taints), StringComparison.Ordinal);
        Assert.Equal("", await NodeAsync(where, "{.spec.providerID}"));
        var address = await NodeAsync(where, Address);
        Assert.NotEmpty(address);
        cloud.MakeKnown();
        (await where.KubectlAsync(
            "wait", $"--for=jsonpath={{.spec.providerID}}={FakeMachines.ProviderIdOf(node)}", "node", "--all",
            "--timeout=300s")).Required.ToString();
        Assert.DoesNotContain(Taint, await NodeAsync(where, Taints), StringComparison.Ordinal);
        Assert.Equal(address, await NodeAsync(where, Address));
        Assert.Equal(
            $"{FakeMachines.Zone} {FakeMachines.Region} {FakeMachines.InstanceType}",
            await NodeAsync(
                where,
                string.Join(' ', new[] { "topology\\.kubernetes\\.io/zone", "topology\\.kubernetes\\.io/region", Type }
                    .Select(static l => $"{{.metadata.labels.{l}}}"))));
    }

    private static async Task<string> NodeAsync(RealCluster where, string field) =>
        (await where.KubectlAsync("get", "nodes", "-o", $"jsonpath={{range .items[*]}}{field}{{end}}")).Required;

    private static async Task ServeAsync(RealCluster where)
    {
        (await where.KubectlAsync("create", "namespace", "twins")).Required.ToString();
        (await where.KubectlAsync("-n", "twins", "create", "deployment", "web", $"--image={Pods.Image}"))
            .Required.ToString();
        (await where.KubectlAsync(
            "-n", "twins", "expose", "deployment", "web", "--port=80", "--target-port=8080", "--type=NodePort"))
            .Required.ToString();
        await ReadyAsync(where);
    }

    /// <summary>
    /// What the API says of pods is from before the cluster went down until its node speaks again: new pods prove that
    /// it does.
    /// </summary>
    private static async Task RestartedAsync(RealCluster where)
    {
        (await where.KubectlAsync("-n", "twins", "rollout", "restart", "deployment/web")).Required.ToString();
        await ReadyAsync(where);
    }

    private static async Task ReadyAsync(RealCluster where) =>
        (await where.KubectlAsync("-n", "twins", "rollout", "status", "deployment/web", "--timeout=300s"))
            .Required.ToString();

    /// <summary>
    /// By the Service's name from inside, by way of the node's port from outside, and its log by way of the node.
    /// </summary>
    private static async Task AnswersAsync(RealCluster where)
    {
        Assert.Contains(
            "says hello",
            (await where.KubectlAsync("-n", "twins", "exec", "deploy/web", "--", "sh", "-c", Ask)).Required,
            StringComparison.Ordinal);
        var port = (await where.KubectlAsync(
            "-n", "twins", "get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}")).Required;
        using var http = new HttpClient();
        Assert.Contains("says hello", await http.GetStringAsync($"http://127.0.0.1:{port}/"), StringComparison.Ordinal);
        Assert.NotEmpty((await where.KubectlAsync("-n", "twins", "logs", "deploy/web")).Required);
    }
}
