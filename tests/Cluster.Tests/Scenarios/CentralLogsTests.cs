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
        using (var follower = Follow("oysters", "central-logs"))
        {
            Assert.Contains("the walrus has 4711 oysters", await follower.StandardOutput.NextLineAsync(),
                StringComparison.Ordinal);
            follower.Kill();
        }

        var found = (await OrcLogsAsync("4711", "-n", "central-logs", "--pod", "walrus", "--since", "1h")).Required;
        Assert.EndsWith("the walrus has 4711 oysters", found.TrimEnd(), StringComparison.Ordinal);
        Assert.Contains("central-logs/walrus", found, StringComparison.Ordinal);
        var errors = (await OrcLogsAsync("--level", "error", "-n", "central-logs", "--json")).Required;
        Assert.Contains("\"source\":\"stderr\"", errors, StringComparison.Ordinal);
        var near = (await OrcLogsAsync("4711", "-n", "central-logs", "--context", "1")).Required;
        Assert.Contains("none left", near, StringComparison.Ordinal);
        var none = await OrcLogsAsync("oysters", "-n", "default");
        Assert.Equal((0, "", "No line was found."), (none.ExitCode, none.Output, none.Errors.Trim()));
    }

    [Fact]
    public async Task Pods_that_end_at_once_leave_their_lines()
    {
        const int Count = 5;
        await using var space = await Space.CreateAsync(cluster, "brief-logs");
        for (var i = 0; i < Count; i++)
        {
            await space.ApplyAsync(Pods.Shell($"brief-{i}", $"echo brief words of {i}; {Pods.Idle}"));
            await space.WaitAsync($"pod/brief-{i}", "Ready");
            await space.KubectlAsync("delete", "pod", $"brief-{i}");
        }

        using var follower = Follow("\"brief words\"", "brief-logs");
        var lines = new List<string?>();
        while (lines.Count < Count)
        {
            lines.Add(await follower.StandardOutput.NextLineAsync());
        }

        follower.Kill();
        Assert.All(
            Enumerable.Range(0, Count),
            i => Assert.Single(lines, l => l!.EndsWith($"brief words of {i}", StringComparison.Ordinal)));
    }

    private Task<Ended> OrcLogsAsync(params string[] arguments) =>
        RealCluster.OrcAsync(["logs", .. arguments, "--kubeconfig", cluster.Kubeconfig]);

    private Process Follow(string query, string space) => Process.Start(new ProcessStartInfo(
        RealCluster.Program("Silo"),
        ["logs", query, "-n", space, "--since", "1h", "--follow", "--kubeconfig", cluster.Kubeconfig])
    {
        RedirectStandardOutput = true,
    })!;
}
