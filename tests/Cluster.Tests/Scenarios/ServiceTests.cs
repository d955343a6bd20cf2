using System.Net.Sockets;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>Services of the less usual kinds, from pods and from the node.</summary>
[Collection(ClusterTests.Name)]
public sealed class ServiceTests(RealCluster cluster)
{
    private const string Services = """
        apiVersion: v1
        kind: Service
        metadata: {name: sticky}
        spec:
          selector: {app: web}
          sessionAffinity: ClientIP
          ports: [{port: 80, targetPort: 8080}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: direct}
        spec:
          selector: {app: web}
          clusterIP: None
          ports: [{name: http, port: 8080}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: elsewhere}
        spec: {type: ExternalName, externalName: sticky.services.svc.cluster.local}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: local}
        spec:
          type: NodePort
          externalTrafficPolicy: Local
          selector: {app: web}
          ports: [{port: 80, targetPort: 8080, nodePort: 30181}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: nobody}
        spec:
          selector: {app: nobody}
          ports: [{port: 80}]
        """;

    [Fact]
    public async Task Services_of_every_kind_answer()
    {
        await using var space = await Space.CreateAsync(cluster, "services");
        await space.KubectlAsync("create", "deployment", "web", $"--image={Pods.Image}", "--replicas=3");
        await space.ApplyAsync(Pods.Together(Services, Pods.Shell("client", Pods.Idle)));
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        await space.WaitAsync("pod/client", "Ready");
        await space.ShellUntilAsync("client", "wget -q -O - http://sticky");
        await space.ShellUntilAsync(
            "client", "[ $(nslookup -type=srv _http._tcp.direct.services.svc.cluster.local | grep -c ' 8080 ') = 3 ]");
        await Concurrently.RunAsync(AffinityAsync(space), NamesAsync(space), NodePortAsync(space), NobodyAsync(space));
    }

    private static async Task AffinityAsync(Space space)
    {
        var answers = await space.ShellAsync(
            "client", "i=0; while [ $i -lt 20 ]; do wget -q -O - http://sticky; i=$((i+1)); done");
        var lines = answers.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(20, lines.Length);
        Assert.Single(lines.Distinct());
    }

    private static async Task NamesAsync(Space space)
    {
        var srv = await space.ShellAsync("client", "nslookup -type=srv _http._tcp.direct.services.svc.cluster.local");
        Assert.Equal(3, srv.Split('\n').Count(l => l.Contains("direct.services.svc.cluster.local", StringComparison.Ordinal) &&
            l.Contains(" 8080 ", StringComparison.Ordinal)));
        Assert.Contains(
            "says", await space.ShellAsync("client", "wget -q -O - http://elsewhere"), StringComparison.Ordinal);
        var unknown = await space.TryAsync("exec", "client", "--", "nslookup", "unknown.services.svc.cluster.local");
        Assert.Contains("NXDOMAIN", unknown.Output + unknown.Errors, StringComparison.Ordinal);
    }

    private async Task NodePortAsync(Space space)
    {
        var address = (await cluster.KubectlAsync("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address}")).Required;
        Assert.Contains(
            "says", await space.ShellAsync("client", $"wget -q -O - http://{address}:30181"), StringComparison.Ordinal);
        using var http = new HttpClient();
        Assert.Contains("says", await http.GetStringAsync($"http://{address}:30181"), StringComparison.Ordinal);
    }

    private static async Task NobodyAsync(Space space)
    {
        var refused =
            await space.ShellAsync("client", "nc -w 20 nobody.services.svc.cluster.local 80 </dev/null 2>&1 || true");
        Assert.Contains("Connection refused", refused, StringComparison.Ordinal);
        using var http = new HttpClient();
        var address = await space.FieldAsync("service/nobody", "{.spec.clusterIP}");
        var failure =
            await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(new Uri($"http://{address}")));
        Assert.Equal(
            SocketError.ConnectionRefused, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
    }
}
