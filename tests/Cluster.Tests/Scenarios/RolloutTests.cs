using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>Deployments change while they serve; afterwards nothing of them is left on the machine.</summary>
[Collection(ClusterTests.Name)]
public sealed class RolloutTests(RealCluster cluster)
{
    [Fact]
    public async Task A_deployment_changes_pauses_empties_fills_and_leaves_nothing_behind()
    {
        string[] uids;
        string[] addresses;
        await using (var space = await Space.CreateAsync(cluster, "rollout"))
        {
            var shop = await File.ReadAllTextAsync(Repository.PathOf("docs", "examples", "shop.yaml"));
            await space.ApplyAsync(shop.Replace("30080", "30182", StringComparison.Ordinal));
            await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
            await AnEnvironmentChangeFailsNoRequestAsync(space);
            await PausedNothingRollsAsync(space);
            await ScalesToNothingAndBackAsync(space);
            uids = (await space.FieldAsync("pods", "{.items[*].metadata.uid}")).Split(' ');
            addresses = (await space.FieldAsync("pods", "{.items[*].status.podIP}")).Split(' ');
            Assert.Equal(3, addresses.Length);
        }

        await NothingIsLeftAsync(uids, addresses);
    }

    private static async Task AnEnvironmentChangeFailsNoRequestAsync(Space space)
    {
        var address = await space.FieldAsync("service/web", "{.spec.clusterIP}");
        await ConstantLoad.AnswersAsync($"http://{address}");
        await using var load = new ConstantLoad($"http://{address}");
        var old = (await space.FieldAsync("pods", "{.items[*].metadata.name}")).Split(' ');
        await space.KubectlAsync("set", "env", "deployment/web", "GREETING=hi");
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        await space.KubectlAsync(["wait", "--for=delete", "pod", .. old, "--timeout=300s"]);
        var (succeeded, failures) = await load.StopAsync();
        Assert.True(succeeded > 0);
        Assert.Empty(failures);
        Assert.Equal("hi\n", await space.ShellAsync("deploy/web", "echo $GREETING"));
    }

    private static async Task PausedNothingRollsAsync(Space space)
    {
        await space.KubectlAsync("rollout", "pause", "deployment/web");
        var before = await space.FieldAsync("replicasets", "{.items[*].metadata.name}");
        await space.KubectlAsync("set", "image", "deployment/web", "server=orc.local/demo:2");
        var generation = await space.FieldAsync("deployment/web", "{.metadata.generation}");
        await space.WaitAsync("deployment/web", $"{{.status.observedGeneration}}={generation}");
        Assert.Equal(before, await space.FieldAsync("replicasets", "{.items[*].metadata.name}"));
        await space.KubectlAsync("rollout", "resume", "deployment/web");
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        Assert.NotEqual(before, await space.FieldAsync("replicasets", "{.items[*].metadata.name}"));
        Assert.Equal("3", await space.FieldAsync("deployment/web", "{.status.updatedReplicas}"));
    }

    private static async Task ScalesToNothingAndBackAsync(Space space)
    {
        await space.KubectlAsync("scale", "deployment/web", "--replicas=0");
        await space.KubectlAsync("wait", "--for=delete", "pod", "-l", "app=web", "--timeout=300s");
        await space.KubectlAsync("scale", "deployment/web", "--replicas=3");
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
    }

    private async Task NothingIsLeftAsync(string[] uids, string[] addresses)
    {
        var containers = (await cluster.CtrAsync("containers", "ls", "-q", "labels.\"io.kubernetes.pod.namespace\"==rollout")).Required;
        Assert.Equal("", containers.Trim());
        var mounts = await File.ReadAllTextAsync("/proc/self/mounts");
        Assert.All(uids, uid => Assert.DoesNotContain(uid, mounts, StringComparison.Ordinal));
        var logs = Directory.GetDirectories("/var/log/pods", "rollout_*");
        Assert.DoesNotContain(logs, d => uids.Any(u => d.EndsWith(u, StringComparison.Ordinal)));
        var leases = Directory.GetFiles(
            Path.Combine(cluster.DataDirectory, "node", "cni", "addresses"), "*", SearchOption.AllDirectories);
        Assert.NotEmpty(leases);
        Assert.DoesNotContain(leases, l => addresses.Contains(Path.GetFileName(l)));
    }
}
