using System.Globalization;
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
        await CrashAsync("rollout", "status", "deployment/web", "--timeout=300s");
        var before = await CrashAsync("get", "pods", "-o", Containers);

        var access = await File.ReadAllTextAsync(cluster.Kubeconfig, TestContext.Current.CancellationToken);
        await cluster.KillAndAwaitRestartAsync("silo", "silo");
        Assert.Equal(before, await CrashAsync("get", "pods", "-o", Containers));
        Assert.Equal(access, await File.ReadAllTextAsync(cluster.Kubeconfig, TestContext.Current.CancellationToken));

        await cluster.KillAndAwaitRestartAsync("node-agent", "node agent");
        await CrashAsync("wait", "--for=condition=Ready", "pod", "--all", "--timeout=300s");
        Assert.Equal(before, await CrashAsync("get", "pods", "-o", Containers));

        await CrashAsync("scale", "deployment/web", "--replicas=3");
        await CrashAsync("rollout", "status", "deployment/web", "--timeout=300s");
        (await cluster.KubectlAsync("delete", "namespace", "crash", "--timeout=300s")).Required.ToString();
    }

    [Fact]
    public async Task A_killed_postgres_loses_no_acknowledged_write()
    {
        await using var space = await Space.CreateAsync(cluster, "store-crash");
        await space.KubectlAsync("create", "deployment", "web", $"--image={Pods.Image}", "--replicas=2");
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        var before = await space.KubectlAsync("get", "pods", "-o", Containers);

        await using var writers = new ConstantWrites(cluster.Kubeconfig, space.Name);
        await writers.SomeAcknowledgedAsync();
        await cluster.KillPostgresAndAwaitRestartAsync();
        await writers.SomeAcknowledgedAsync();
        var acknowledged = await writers.StopAsync();

        var there = (await space.KubectlAsync("get", "configmaps", "-o", "name")).Split('\n').ToHashSet();
        Assert.DoesNotContain(acknowledged, name => !there.Contains($"configmap/{name}"));
        Assert.Equal(before, await space.KubectlAsync("get", "pods", "-o", Containers));
    }

    [Fact]
    public async Task What_hangs_is_noticed_and_started_again_and_no_container_ends()
    {
        await using var space = await Space.CreateAsync(cluster, "hangs");
        await space.KubectlAsync("create", "deployment", "web", $"--image={Pods.Image}", "--replicas=2");
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        var before = await space.KubectlAsync("get", "pods", "-o", Containers);

        await cluster.HangAndAwaitRestartAsync("PostgreSQL", cluster.PostgresId);
        await cluster.HangAndAwaitRestartAsync("silo", Id("silo"));
        await cluster.HangAndAwaitRestartAsync("node agent", Id("node-agent"));

        await space.KubectlAsync("wait", "--for=condition=Ready", "pod", "--all", "--timeout=300s");
        Assert.Equal(before, await space.KubectlAsync("get", "pods", "-o", Containers));

        string Id(string daemon) => cluster.ProcessIdOf(daemon).ToString(CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_killed_containerd_ends_no_container()
    {
        await using var space = await Space.CreateAsync(cluster, "runtime-crash");
        await space.KubectlAsync("create", "deployment", "web", $"--image={Pods.Image}", "--replicas=2");
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        var before = await space.KubectlAsync("get", "pods", "-o", Containers);

        var file = Path.Combine(cluster.DataDirectory, "node", "containerd", "run", "containerd.pid");
        (await Tools.RunAsync("kill", ["-9", (await File.ReadAllTextAsync(file)).Split(' ')[0].Trim()])).Required.ToString();
        await space.KubectlAsync("scale", "deployment/web", "--replicas=3");
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        var after = await space.KubectlAsync("get", "pods", "-o", Containers);
        Assert.All(
            before.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.Contains(line, after, StringComparison.Ordinal));
        (await cluster.KubectlAsync("wait", "--for=condition=Ready", "node", "--all", "--timeout=300s"))
            .Required.ToString();
    }

    private async Task<string> CrashAsync(params string[] arguments) =>
        (await cluster.KubectlAsync(["-n", "crash", .. arguments])).Required;
}
