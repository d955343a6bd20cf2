using OrleansOrchestrator.Machine;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>Clusters with addresses of both families, and of IPv6 alone, beside one that has IPv4 alone.</summary>
[Collection(ClusterTests.Name)]
public sealed class DualStackTests(RealCluster cluster)
{
    private const string Service = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          type: NodePort
          ipFamilyPolicy: RequireDualStack
          selector: {app: web}
          ports: [{port: 80, targetPort: 8080}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: direct}
        spec:
          clusterIP: None
          ipFamilyPolicy: PreferDualStack
          selector: {app: web}
          ports: [{port: 8080}]
        """;

    private const string ServiceOfSix = """
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          type: LoadBalancer
          selector: {app: web}
          ports: [{port: 80, targetPort: 8080}]
        """;

    private const string Probed = """
        {"spec": {"template": {"spec": {"containers": [
          {"name": "demo", "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}}]}}}}
        """;

    private const string NobodyIn = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: nobody-in}
        spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
        """;

    [Fact]
    public async Task Services_pods_names_and_policies_are_there_in_both_families()
    {
        cluster.Require();
        Assert.SkipUnless(Ipv6.IsAvailable, "needs IPv6");
        await using var dual = await RealCluster.StartAnotherAsync(
            "--pod-cidr", "10.251.0.0/16,fd00:10:251::/56", "--service-cidr", "10.111.0.0/16,fd00:10:111::/112");
        await using var space = await Space.CreateAsync(dual, "dual");
        await space.KubectlAsync("create", "deployment", "web", $"--image={Pods.Image}");
        await space.ApplyAsync(Pods.Together(Service, Pods.Shell("client", Pods.Idle)));
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        await space.WaitAsync("pod/client", "Ready");

        var six = await space.FieldAsync("service/web", "{.spec.clusterIPs[1]}");
        Assert.StartsWith("fd00:10:111::", six, StringComparison.Ordinal);
        var address = await space.FieldAsync("pod/client", "{.status.podIPs[1].ip}");
        Assert.StartsWith("fd00:10:251:", address, StringComparison.Ordinal);
        Assert.Equal(["IPv4", "IPv6"], await TypesAsync(space));
        await space.ShellUntilAsync("client", $"wget -q -O - http://[{six}]");
        await space.ShellUntilAsync("client", "wget -q -O - http://web");
        await space.ShellUntilAsync("client", $"nslookup -type=aaaa web.dual.svc.cluster.local | grep -q {six}");
        await space.ShellUntilAsync(
            "client", "nslookup -type=aaaa direct.dual.svc.cluster.local | grep -q fd00:10:251:");
        await AnswersOnTheNodeAsync(dual, space);

        await space.ApplyAsync(NobodyIn);
        await space.ShellUntilAsync("client", $"! timeout 2 wget -q -O - http://[{six}]");
        await space.KubectlAsync("delete", "networkpolicy", "nobody-in");
        await space.ShellUntilAsync("client", $"timeout 2 wget -q -O - http://[{six}]");

        await space.KubectlAsync("patch", "service", "web", "-p", """{"spec": {"ipFamilyPolicy": "SingleStack"}}""");
        Assert.DoesNotContain(':', await space.FieldAsync("service/web", "{.spec.clusterIPs[*]}"));
        await space.ShellUntilAsync("client", $"! timeout 2 wget -q -O - http://[{six}]");
        await space.ShellUntilAsync("client", "wget -q -O - http://web");
    }

    /// <summary>
    /// What needs an address has one of IPv6: node, API, pods, their probes and names, load balancers, policies.
    /// </summary>
    [Fact]
    public async Task All_goes_by_IPv6_where_there_is_nothing_else()
    {
        cluster.Require();
        Assert.SkipUnless(Ipv6.IsAvailable, "needs IPv6");
        await using var six = await RealCluster.StartAnotherAsync(
            "--pod-cidr", "fd00:10:252::/56", "--service-cidr", "fd00:10:112::/112");
        await using var space = await Space.CreateAsync(six, "six");
        await space.KubectlAsync("create", "deployment", "web", $"--image={Pods.Image}");
        await space.KubectlAsync("patch", "deployment", "web", "-p", Probed);
        await space.ApplyAsync(Pods.Together(ServiceOfSix, Pods.Shell("client", Pods.Idle)));
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        await space.WaitAsync("pod/client", "Ready");

        var node = (await six.KubectlAsync(
            "get", "nodes", "-o", "jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address}")).Required;
        Assert.StartsWith("fd00:10:243:", node, StringComparison.Ordinal);
        Assert.DoesNotContain('.', await space.FieldAsync("pod/client", "{.status.hostIP} {.status.podIPs[*].ip}"));
        Assert.Equal(["IPv6"], await TypesAsync(space));
        var address = await space.FieldAsync("service/web", "{.spec.clusterIPs[*]}");
        Assert.StartsWith("fd00:10:112::", address, StringComparison.Ordinal);
        await space.ShellUntilAsync("client", $"wget -q -O - http://[{address}]");
        await space.ShellUntilAsync("client", "wget -q -O - http://web");
        await space.ShellUntilAsync("client", $"nslookup -type=aaaa web.six.svc.cluster.local | grep -q {address}");
        await space.ShellUntilAsync("client", "nc -w 2 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT </dev/null");
        var balanced = await space.FieldAsync("service/web", "{.status.loadBalancer.ingress[0].ip}");
        using var http = new HttpClient();
        Assert.Contains("says hello", await http.GetStringAsync($"http://[{balanced}]/"), StringComparison.Ordinal);

        await space.ApplyAsync(NobodyIn);
        await space.ShellUntilAsync("client", $"! timeout 2 wget -q -O - http://[{address}]");
        await space.KubectlAsync("delete", "networkpolicy", "nobody-in");
        await space.ShellUntilAsync("client", $"timeout 2 wget -q -O - http://[{address}]");
    }

    private static async Task AnswersOnTheNodeAsync(RealCluster dual, Space space)
    {
        var addresses = (await dual.KubectlAsync(
            "get", "nodes", "-o", "jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address}")).Required;
        var six = Assert.Single(addresses.Split(' '), static a => a.Contains(':'));
        var port = await space.FieldAsync("service/web", "{.spec.ports[0].nodePort}");
        using var http = new HttpClient();
        Assert.Contains("says hello", await http.GetStringAsync($"http://[{six}]:{port}/"), StringComparison.Ordinal);
        Assert.Contains(
            "says hello",
            await http.GetStringAsync($"http://[{await space.FieldAsync("service/web", "{.spec.clusterIPs[1]}")}]/"),
            StringComparison.Ordinal);
    }

    private static async Task<IEnumerable<string>> TypesAsync(Space space) => (await space.KubectlAsync(
        "get", "endpointslices", "-l", "kubernetes.io/service-name=web", "-o", "jsonpath={.items[*].addressType}"))
        .Split(' ').Order(StringComparer.Ordinal);
}
