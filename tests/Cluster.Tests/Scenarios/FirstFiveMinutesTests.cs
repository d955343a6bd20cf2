using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>What the README promises for the first five minutes, with the real kubectl and real containers.</summary>
[Collection(ClusterTests.Name)]
public sealed class FirstFiveMinutesTests(RealCluster cluster)
{
    private const string ClientPod = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: client
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: client
            image: orc.local/demo:1
            stdin: true
            command: ["/bin/sh", "-c", "trap 'exit 0' TERM; echo started; while true; do sleep 1; done"]
        """;

    private static string Manifest => Repository.PathOf("docs", "examples", "shop.yaml");

    [Fact]
    public async Task A_new_user_finds_a_cluster_that_kubectl_takes_for_kubernetes()
    {
        cluster.Require();
        using var node = JsonDocument.Parse((await cluster.KubectlAsync("get", "nodes", "-o", "json")).Required);
        var status = node.RootElement.GetProperty("items")[0].GetProperty("status");
        Assert.Contains(
            status.GetProperty("conditions").EnumerateArray(),
            c => c.GetProperty("type").GetString() == "Ready" && c.GetProperty("status").GetString() == "True");
        Assert.Contains(
            status.GetProperty("addresses").EnumerateArray(), a => a.GetProperty("type").GetString() == "InternalIP");
        Assert.True(status.GetProperty("capacity").TryGetProperty("cpu", out _));
        Assert.True(status.GetProperty("allocatable").TryGetProperty("memory", out _));
        Assert.StartsWith(
            "containerd://",
            status.GetProperty("nodeInfo").GetProperty("containerRuntimeVersion").GetString(),
            StringComparison.Ordinal);

        Assert.Contains(
            "Server Version: v1.36", (await cluster.KubectlAsync("version")).Required, StringComparison.Ordinal);
        Assert.Contains(
            "is running at", (await cluster.KubectlAsync("cluster-info")).Required, StringComparison.Ordinal);
        Assert.Contains(
            "deployments", (await cluster.KubectlAsync("api-resources")).Required, StringComparison.Ordinal);
        Assert.Contains(
            "containers", (await cluster.KubectlAsync("explain", "pod.spec")).Required, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_shop_opens_serves_changes_and_closes()
    {
        cluster.Require();
        (await cluster.KubectlAsync("create", "namespace", "shop")).Required.ToString();
        await ShopAsync("apply", "-f", Manifest);
        await ShopAsync("rollout", "status", "deployment/web", "--timeout=300s");
        (await cluster.KubectlWithInputAsync(ClientPod, "-n", "shop", "apply", "-f", "-")).Required.ToString();
        await ShopAsync("wait", "--for=condition=Ready", "pod/client", "--timeout=300s");

        await ServicesAnswerFromAllPodsAsync();
        await ConfigurationIsThereAsync();
        await CommandsRunInPodsAsync();
        await LogsCanBeReadAsync();
        await FilesCanBeCopiedAsync();
        await APortCanBeForwardedAsync();
        await RollingUpdateFailsNoRequestAsync();
        await ShopAsync("scale", "deployment/web", "--replicas=5");
        await ShopAsync("rollout", "status", "deployment/web", "--timeout=300s");
        await ANamespaceTakesEverythingWithItAsync();
    }

    private async Task<string> ShopAsync(params string[] arguments) =>
        (await cluster.KubectlAsync(["-n", "shop", .. arguments])).Required;

    private async Task ServicesAnswerFromAllPodsAsync()
    {
        var names =
            (await ShopAsync("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].metadata.name}")).Split(' ');
        Assert.Equal(3, names.Length);
        var script = "i=0; while [ $i -lt 60 ]; do wget -q -O - http://web.shop.svc.cluster.local; i=$((i+1)); done";
        var answers = await ShopAsync("exec", "client", "--", "sh", "-c", script);
        Assert.All(names, name => Assert.Contains(name, answers, StringComparison.Ordinal));

        using var http = new HttpClient();
        Assert.Contains(
            "says good morning from demo:1",
            await http.GetStringAsync("http://127.0.0.1:30080"),
            StringComparison.Ordinal);
        var addresses = await ShopAsync("exec", "client", "--", "nslookup", "web-direct.shop.svc.cluster.local");
        Assert.Equal(3, addresses.Split('\n').Count(l => l.StartsWith("Address: 10.244.", StringComparison.Ordinal)));
    }

    private async Task ConfigurationIsThereAsync()
    {
        Assert.Equal("s3cr3t", (await ShopAsync("exec", "deploy/web", "--", "sh", "-c", "echo $API_KEY")).Trim());
        Assert.Contains(
            "Configuration can be a file",
            await ShopAsync("exec", "deploy/web", "--", "cat", "/etc/web/motd"),
            StringComparison.Ordinal);
    }

    private async Task CommandsRunInPodsAsync()
    {
        var failed = await cluster.KubectlAsync(
            "-n", "shop", "exec", "client", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
        Assert.Equal(7, failed.ExitCode);
        Assert.Equal("out\n", failed.Output);
        Assert.Contains("err", failed.Errors, StringComparison.Ordinal);
        var echoed = await cluster.KubectlWithInputAsync(
            "through and back\n", "-n", "shop", "exec", "-i", "client", "--", "cat");
        Assert.Equal("through and back\n", echoed.Required);
    }

    private async Task LogsCanBeReadAsync()
    {
        Assert.StartsWith("started", await ShopAsync("logs", "client"), StringComparison.Ordinal);
        Assert.Single(
            (await ShopAsync("logs", "deploy/web", "--tail=1")).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        using var follow = cluster.StartKubectl("-n", "shop", "logs", "-f", "client");
        Assert.Equal("started", await follow.StandardOutput.NextLineAsync());
        follow.Kill();
        using var kept = Process.Start(new ProcessStartInfo(
            RealCluster.Program("Silo"),
            ["logs", "response", "-n", "shop", "--since", "10m", "--follow", "--kubeconfig", cluster.Kubeconfig])
        {
            RedirectStandardOutput = true,
        })!;
        Assert.Contains("response:", await kept.StandardOutput.NextLineAsync(), StringComparison.Ordinal);
        kept.Kill();
    }

    private async Task FilesCanBeCopiedAsync()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "carried over");
        await ShopAsync("cp", file, "client:/tmp/carried");
        Assert.Equal("carried over", await ShopAsync("exec", "client", "--", "cat", "/tmp/carried"));
        await ShopAsync("cp", "client:/tmp/carried", file + ".back");
        Assert.Equal("carried over", await File.ReadAllTextAsync(file + ".back"));
        File.Delete(file);
        File.Delete(file + ".back");
    }

    private async Task APortCanBeForwardedAsync()
    {
        using var forward = cluster.StartKubectl("-n", "shop", "port-forward", "service/web", ":80");
        var line = await forward.StandardOutput.NextLineAsync();
        var port = line!.Split(' ')[2].Split(':')[1];
        using var http = new HttpClient();
        Assert.Contains("says", await http.GetStringAsync($"http://127.0.0.1:{port}"), StringComparison.Ordinal);
        Assert.Contains("says", await http.GetStringAsync($"http://127.0.0.1:{port}"), StringComparison.Ordinal);
        forward.Kill();
    }

    private async Task RollingUpdateFailsNoRequestAsync()
    {
        var address = await ShopAsync("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}");
        var old = (await ShopAsync("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].metadata.name}")).Split(' ');
        await using var load = new ConstantLoad($"http://{address}");
        await ShopAsync("set", "image", "deployment/web", "server=orc.local/demo:2");
        await ShopAsync("rollout", "status", "deployment/web", "--timeout=300s");
        Assert.Contains("2 ", await ShopAsync("rollout", "history", "deployment/web"), StringComparison.Ordinal);
        await ShopAsync(["wait", "--for=delete", "pod", .. old, "--timeout=300s"]);
        Assert.Contains(
            "from demo:2",
            await ShopAsync("exec", "client", "--", "wget", "-q", "-O", "-", "http://web"),
            StringComparison.Ordinal);
        await ShopAsync("rollout", "undo", "deployment/web");
        await ShopAsync("rollout", "status", "deployment/web", "--timeout=300s");
        var (succeeded, failures) = await load.StopAsync();
        Assert.True(succeeded > 0);
        Assert.Empty(failures);
    }

    private async Task ANamespaceTakesEverythingWithItAsync()
    {
        var uids = (await ShopAsync("get", "pods", "-o", "jsonpath={.items[*].metadata.uid}")).Split(' ');
        (await cluster.KubectlAsync("delete", "namespace", "shop", "--timeout=300s")).Required.ToString();
        Assert.Contains(
            "NotFound", (await cluster.KubectlAsync("get", "namespace", "shop")).Errors, StringComparison.Ordinal);
        var pods = Path.Combine(cluster.DataDirectory, "node", "pods");
        Assert.All(
            uids,
            uid => Assert.False(Directory.Exists(Path.Combine(pods, uid)), $"volumes of pod {uid} are left behind"));
    }
}
