using System.Diagnostics;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>What containers printed is found when they are gone.</summary>
[Collection(ClusterTests.Name)]
public sealed class CentralLogsTests(RealCluster cluster)
{
    [Fact]
    public async Task A_pod_is_gone_and_its_lines_are_found()
    {
        await using var space = await Space.CreateAsync(cluster, "central-logs");
        await space.ApplyAsync(Pods.Shell("walrus",
            $"echo the walrus has 4711 oysters; echo level=error none left >&2; {Pods.Idle}"));
        await space.WaitAsync("pod/walrus", "Ready");
        await space.KubectlAsync("delete", "pod", "walrus");

        // Following ends the wait as soon as the lines are there, be it before or after this.
        using (var follower = Follow("oysters"))
        {
            Assert.Contains("the walrus has 4711 oysters", await follower.StandardOutput.ReadLineAsync(),
                StringComparison.Ordinal);
            follower.Kill();
        }

        var found = (await OrcLogsAsync("4711", "-n", "central-logs", "--pod", "walrus", "--since", "1h")).Required;
        Assert.EndsWith("the walrus has 4711 oysters", found.TrimEnd(), StringComparison.Ordinal);
        Assert.Contains("central-logs/walrus", found, StringComparison.Ordinal);
        var errors = (await OrcLogsAsync("--level", "error", "-n", "central-logs", "--json")).Required;
        Assert.Contains("\"source\":\"stderr\"", errors, StringComparison.Ordinal);
        Assert.Empty((await OrcLogsAsync("oysters", "-n", "default")).Required);
    }

    private Task<Ended> OrcLogsAsync(params string[] arguments) =>
        RealCluster.OrcAsync(["logs", .. arguments, "--kubeconfig", cluster.Kubeconfig]);

    private Process Follow(string query) => Process.Start(new ProcessStartInfo(
        RealCluster.Program("Silo"),
        ["logs", query, "-n", "central-logs", "--since", "1h", "--follow", "--kubeconfig", cluster.Kubeconfig])
    {
        RedirectStandardOutput = true,
    })!;
}
