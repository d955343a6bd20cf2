using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>The examples of <c>docs/examples</c> that need containers, tried as their documents say.</summary>
[Collection(ClusterTests.Name)]
public sealed class ExampleTests(RealCluster cluster)
{
    [Fact]
    public async Task Only_friends_reach_the_site()
    {
        await using var space = await StartAsync("walls", "network-policies.yaml");
        await space.KubectlAsync("wait", "--for=condition=Ready", "pod", "--all", "--timeout=300s");

        await space.ShellUntilAsync("friend", "timeout 5 wget -qO- http://site");
        await space.ShellUntilAsync("stranger", "! timeout 2 wget -qO- http://site");
        await space.KubectlAsync("label", "pod", "stranger", "app=friend", "--overwrite");
        await space.ShellUntilAsync("stranger", "timeout 5 wget -qO- http://site");
    }

    [Fact]
    public async Task A_page_outlives_its_pod()
    {
        await using var space = await StartAsync("notes", "storage.yaml");
        await space.KubectlAsync("rollout", "status", "deployment/notebook", "--timeout=300s");
        await space.KubectlAsync("rollout", "restart", "deployment/notebook");
        await space.KubectlAsync("rollout", "status", "deployment/notebook", "--timeout=300s");

        await space.KubectlAsync(
            "exec", "deploy/notebook", "--", "sh", "-c", "until [ $(wc -l < /data/page) = 2 ]; do sleep 0.1; done");
        Assert.Equal("Bound", await space.FieldAsync("pvc/page", "{.status.phase}"));
    }

    [Fact]
    public async Task A_kiosk_has_an_address_of_its_own()
    {
        await using var space = await StartAsync("market", "load-balancer.yaml");
        await space.KubectlAsync("rollout", "status", "deployment/kiosk", "--timeout=300s");
        await space.WaitAsync("service/kiosk", "{.status.loadBalancer.ingress[0].ip}");

        var address = await space.FieldAsync("service/kiosk", "{.status.loadBalancer.ingress[0].ip}");
        using var http = new HttpClient();
        Assert.Contains(
            "says hello from demo:1", await http.GetStringAsync($"http://{address}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workers_follow_the_queue()
    {
        await using var space = await StartAsync("jobs", "autoscaler.yaml");

        await space.WaitAsync("deployment/worker", "{.spec.replicas}=3");
        await space.KubectlAsync("exec", "deploy/queue", "--", "sh", "-c", "echo jobs_waiting 150 > /tmp/www/metrics");
        await space.WaitAsync("deployment/worker", "{.spec.replicas}=5");
    }

    private async Task<Space> StartAsync(string name, string example)
    {
        var space = await Space.CreateAsync(cluster, name);
        await space.KubectlAsync("apply", "-f", Repository.PathOf("docs", "examples", example));
        return space;
    }
}
