using OrleansOrchestrator.Machine;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>A cluster with addresses of both families beside one that has IPv4 alone.</summary>
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
