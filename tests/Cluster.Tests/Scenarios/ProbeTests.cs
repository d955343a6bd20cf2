using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>gRPC probes of containers that really run.</summary>
[Collection(ClusterTests.Name)]
public sealed class ProbeTests(RealCluster cluster)
{
    // A health server in shell: it waits for the end of the request (DATA with END_STREAM on stream 1), and answers
    // with frames that are always the same but for one byte, the state, which is read from the file of the service that
    // was asked for.
    private const string HealthServer = """
        cat > /tmp/health <<'END'
        #!/bin/sh
        printf '\000\000\000\004\000\000\000\000\000'
        until echo "$request" | grep -q 000100000001; do
          more=$(dd bs=4096 count=1 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
          [ -n "$more" ] || exit 0
          request=$request$more
        done
        case $request in *6f7264657273*) service=orders ;; *616c697665*) service=alive ;; *) service=overall ;; esac
        printf '\000\000\000\004\001\000\000\000\000'
        printf '\000\000\024\001\004\000\000\000\001\210\017\020\020application/grpc'
        printf '\000\000\007\000\000\000\000\000\001\000\000\000\000\002\010'"\\00$(cat /tmp/$service)"
        printf '\000\000\017\001\005\000\000\000\001\000\013grpc-status\0010'
        cat > /dev/null
        END
        chmod +x /tmp/health
        echo 1 > /tmp/overall; echo 2 > /tmp/orders; echo 1 > /tmp/alive
        trap 'kill $!; exit 0' TERM
        nc -ll -p 5000 -e /tmp/health &
        wait
        """;

    private const string Probes = """
        startupProbe: {grpc: {port: 5000}, periodSeconds: 1}
        readinessProbe: {grpc: {port: 5000, service: orders}, periodSeconds: 1}
        livenessProbe: {grpc: {port: 5000, service: alive}, periodSeconds: 1, failureThreshold: 2}
        """;

    [Fact]
    public async Task Grpc_decides_on_start_readiness_and_life()
    {
        await using var space = await Space.CreateAsync(cluster, "grpc-probes");
        await space.ApplyAsync(Pods.Together(
            Pods.Shell("health", HealthServer, more: Probes),
            Pods.Shell("deaf", Pods.Idle, more: "readinessProbe: {grpc: {port: 5001}, periodSeconds: 1}")));
        await Concurrently.RunAsync(TheServerIsBelievedAsync(space), NobodyListensAsync(space));
    }

    private static async Task TheServerIsBelievedAsync(Space space)
    {
        await space.WaitAsync("pod/health", "{.status.containerStatuses[0].started}=true");
        await UnhealthyAsync(
            space, "health", "Readiness probe failed: service unhealthy (responded with \"NOT_SERVING\")");
        Assert.Equal("false", await space.FieldAsync("pod/health", "{.status.containerStatuses[0].ready}"));

        await space.ShellAsync("health", "echo 1 > /tmp/orders");
        await space.WaitAsync("pod/health", "Ready");

        await space.ShellAsync("health", "echo 3 > /tmp/alive");
        await space.WaitAsync("pod/health", "{.status.containerStatuses[0].restartCount}=1");
        await UnhealthyAsync(
            space, "health", "Liveness probe failed: service unhealthy (responded with \"SERVICE_UNKNOWN\")");
    }

    private static async Task NobodyListensAsync(Space space)
    {
        await space.WaitAsync("pod/deaf", "{.status.phase}=Running");
        var ip = await space.FieldAsync("pod/deaf", "{.status.podIP}");
        await UnhealthyAsync(
            space, "deaf",
            $"Readiness probe failed: timeout: failed to connect service \"{ip}:5001\" within 1s: context deadline exceeded");
    }

    private static Task UnhealthyAsync(Space space, string pod, string message) =>
        space.EventAsync(pod, "Unhealthy", message);
}
