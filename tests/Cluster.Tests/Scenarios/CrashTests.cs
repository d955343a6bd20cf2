using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>Parts of the cluster are killed; what runs goes on running, and nothing is forgotten.</summary>
[Collection(ClusterTests.Name)]
public sealed class CrashTests(RealCluster cluster)
{
    private const string Containers =
        "jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{\"\\n\"}{end}";

    [Fact]
    public async Task A_killed_silo_and_a_killed_agent_restart_no_container_and_forget_nothing()
    {
        cluster.Require();
        (await cluster.KubectlAsync("create", "namespace", "crash")).Required.ToString();
        await CrashAsync("create", "deployment", "web", "--image=orc.local/demo:1", "--replicas=2");
        await CrashAsync("rollout", "status", "deployment/web", "--timeout=90s");
        var before = await CrashAsync("get", "pods", "-o", Containers);

        await cluster.KillAndAwaitRestartAsync("silo", "silo");
        Assert.Equal(before, await CrashAsync("get", "pods", "-o", Containers));

        await cluster.KillAndAwaitRestartAsync("node-agent", "node agent");
        await CrashAsync("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s");
        Assert.Equal(before, await CrashAsync("get", "pods", "-o", Containers));

        await CrashAsync("scale", "deployment/web", "--replicas=3");
        await CrashAsync("rollout", "status", "deployment/web", "--timeout=90s");
        (await cluster.KubectlAsync("delete", "namespace", "crash", "--timeout=100s")).Required.ToString();
    }

    private async Task<string> CrashAsync(params string[] arguments) =>
        (await cluster.KubectlAsync(["-n", "crash", .. arguments])).Required;
}
