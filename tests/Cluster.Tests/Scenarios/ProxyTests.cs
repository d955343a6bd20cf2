using System.Text.Json;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>What the API hands on: services, pods and nodes by name, and the node's figures through it.</summary>
[Collection(ClusterTests.Name)]
public sealed class ProxyTests(RealCluster cluster)
{
    private const string Site = """
        mkdir -p /tmp/www/dir 'and here'; cd /tmp/www; echo home > index.html; echo found > 'dir/a file'; echo below > dir/index.html
        trap 'kill $!; exit 0' TERM
        httpd -f -p 8080 -h /tmp/www &
        wait
        """;

    private const string Probed = """
        ports: [{containerPort: 8080, name: web}]
        readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
        resources: {requests: {cpu: 20m, memory: 16Mi}, limits: {memory: 64Mi}}
        volumeMounts: [{name: scratch, mountPath: /scratch}]
        """;

    [Fact]
    public async Task Services_pods_and_nodes_are_reached_through_the_api()
    {
        await using var space = await Space.CreateAsync(cluster, "proxied");
        await space.ApplyAsync(Pods.Together(
            Pods.Shell("site", Site, more: Probed) + "\n  volumes: [{name: scratch, emptyDir: {}}]",
            Service("named", "ports: [{name: web, port: 80, targetPort: web}], selector: {app: site}"),
            Service("plain", "ports: [{port: 80, targetPort: 8080}], selector: {app: site}"),
            Service("empty", "ports: [{port: 80}], selector: {app: nobody}")));
        await space.WaitAsync("pod/site", "Ready");
        await space.WaitAsync("endpoints/plain", "{.subsets[0].addresses[0].ip}");
        await space.WaitAsync("endpoints/named", "{.subsets[0].addresses[0].ip}");
        await ReachesAsync(space);
        await SaysWhyNotAsync(space);
        await TellsTheNodesFiguresAsync(space);
    }

    private async Task ReachesAsync(Space space)
    {
        foreach (var name in (string[])["services/plain", "services/plain:80", "services/named:web",
                "services/http:named:80", "pods/site", "pods/site:8080"])
        {
            Assert.Equal("home\n", await RawAsync(space, $"{name}/proxy/"));
            Assert.Equal("found\n", await RawAsync(space, $"{name}/proxy/dir/a%20file"));
        }

        // kubectl follows both redirects: ours to the slash, and the server's to the directory, which must lead back
        // through the proxy.
        Assert.Equal("home\n", await RawAsync(space, "services/plain/proxy"));
        Assert.Equal("below\n", await RawAsync(space, "services/plain/proxy/dir"));
    }

    private async Task SaysWhyNotAsync(Space space)
    {
        async Task FailsAsync(string path, string message)
        {
            var ended = await cluster.KubectlAsync("get", "--raw", $"/api/v1/namespaces/{space.Name}/{path}");
            Assert.NotEqual(0, ended.ExitCode);
            Assert.Contains(message, ended.Errors, StringComparison.Ordinal);
        }

        await FailsAsync("services/empty/proxy/", "no endpoints available for service \"empty\"");
        await FailsAsync("services/named/proxy/", "no endpoints available for service \"named\"");
        await FailsAsync("services/named:81/proxy/", "no service port 81 found for service \"named\"");
        await FailsAsync("services/ftp:named:80/proxy/", "invalid service request \"ftp:named:80\"");
        await FailsAsync("services/nothing/proxy/", "services \"nothing\" not found");
        var ip = await space.FieldAsync("pod/site", "{.status.podIP}");
        await FailsAsync(
            "pods/site:81/proxy/", $"error trying to reach service: dial tcp {ip}:81: connect: connection refused");
    }

    private async Task TellsTheNodesFiguresAsync(Space space)
    {
        await space.ShellAsync("site", "head -c 300000 /dev/zero > /scratch/file");
        var node = await space.FieldAsync("pod/site", "{.spec.nodeName}");
        var text = (await cluster.KubectlAsync("get", "--raw", $"/api/v1/nodes/{node}/proxy/stats/summary")).Required;
        using var summary = JsonDocument.Parse(text);
        Assert.Equal(node, summary.RootElement.GetProperty("node").GetProperty("nodeName").GetString());
        var pod = summary.RootElement.GetProperty("pods").EnumerateArray()
            .Single(
                p =>
                    p.GetProperty("podRef").GetProperty("name").GetString() == "site"
                        && p.GetProperty("podRef").GetProperty("namespace").GetString() == space.Name);
        var container = Assert.Single(pod.GetProperty("containers").EnumerateArray());
        Assert.InRange(Number(container, "cpu", "usageCoreNanoSeconds"), 1, long.MaxValue);
        Assert.InRange(
            Number(container, "memory", "workingSetBytes") + Number(
                container, "memory", "availableBytes"), 64 << 20, 64 << 20);
        Assert.InRange(Number(container, "rootfs", "capacityBytes"), 1, long.MaxValue);
        Assert.InRange(Number(container, "logs", "usedBytes"), 0, 1_000_000);
        Assert.InRange(Number(pod, "network", "rxBytes"), 1, long.MaxValue);
        Assert.InRange(Number(pod, "ephemeral-storage", "usedBytes"), 300_000, 50_000_000);
        Assert.InRange(Number(pod, "process_stats", "process_count"), 2, 100);
        var volume = pod.GetProperty("volume").EnumerateArray().Single(
            v => v.GetProperty("name").GetString() == "scratch");
        Assert.InRange(volume.GetProperty("usedBytes").GetInt64(), 300_000, 400_000);

        async Task ShowsAsync(string metrics, string sample) => Assert.Contains(
            sample, (
                await cluster.KubectlAsync(
                    "get", "--raw",
                    $"/api/v1/nodes/{node}/proxy/metrics{metrics}")).Required, StringComparison.Ordinal);

        var labels = $"container=\"main\",namespace=\"{space.Name}\",pod=\"site\"";
        await ShowsAsync("/resource", $"container_memory_working_set_bytes{{{labels}}} ");
        await ShowsAsync("/resource", $"pod_cpu_usage_seconds_total{{namespace=\"{space.Name}\",pod=\"site\"}} ");
        await ShowsAsync(
            "/probes", $"prober_probe_duration_seconds_bucket{{{labels},probe_type=\"Readiness\",le=\"+Inf\"}} ");
        await ShowsAsync("/cadvisor", "container_network_receive_bytes_total{container=\"\"");
        await ShowsAsync("", $"kubelet_node_name{{node=\"{node}\"}} 1");
    }

    private static long Number(JsonElement of, string part, string name) =>
        of.GetProperty(part).GetProperty(name).GetInt64();

    private async Task<string> RawAsync(Space space, string path) =>
        (await cluster.KubectlAsync("get", "--raw", $"/api/v1/namespaces/{space.Name}/{path}")).Required;

    private static string Service(string name, string spec) =>
        $"{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{{spec}}}}}";
}
