using System.Globalization;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>The command line: stopping, resuming, and what it refuses in one sentence.</summary>
[Collection(ClusterTests.Name)]
public sealed class OrcTests(RealCluster cluster)
{
    private const string Uids = "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid}{\"\\n\"}{end}";

    [Fact]
    public async Task Down_and_up_resumes_the_same_cluster()
    {
        await using var space = await Space.CreateAsync(cluster, "resumed");
        await space.KubectlAsync("create", "deployment", "web", $"--image={Pods.Image}", "--replicas=2");
        await space.KubectlAsync("rollout", "status", "deployment/web", "--timeout=300s");
        var before = await UidsAsync();
        Assert.Contains(
            $"running, process {cluster.ProcessIdOf("silo").ToString(CultureInfo.InvariantCulture)}",
            await StatusAsync(),
            StringComparison.Ordinal);

        var tokens = Path.Combine(cluster.Scratch, "tokens");
        await File.WriteAllTextAsync(tokens, "of-a-tool,tool,1\n");
        await cluster.DownAndUpAsync(
            async () =>
            {
                Assert.DoesNotContain("running, process", await StatusAsync(), StringComparison.Ordinal);
                Assert.NotEqual(0, (await cluster.KubectlAsync("get", "nodes")).ExitCode);
            },
            "--token-auth-file", tokens);

        Assert.Equal(before, await UidsAsync());
        await space.KubectlAsync("wait", "--for=condition=Available", "deployment/web", "--timeout=300s");
        await space.KubectlAsync("wait", "--for=condition=Ready", "pod", "--all", "--timeout=300s");

        // what the API was told at the last start holds for every later one
        await cluster.KillAndAwaitRestartAsync("silo", "silo");
        Assert.Equal("tool", await NameOfAsync("of-a-tool"));
    }

    [Fact]
    public async Task What_cannot_be_is_said_in_one_sentence()
    {
        cluster.Require();
        var taken = Path.Combine(cluster.Scratch, "taken");
        await SaysAsync(
            "Port 6443 is in use by another program: stop that, or choose another port with --port.",
            "up",
            "--port",
            "6443",
            "--yes",
            "--data-dir",
            taken,
            "--kubeconfig",
            taken + ".conf",
            "--hollow-nodes",
            "1");

        var newer = Path.Combine(cluster.Scratch, "newer");
        Directory.CreateDirectory(newer);
        await File.WriteAllTextAsync(Path.Combine(newer, "version"), "999");
        await SaysAsync(
            "was written by a newer version (layout 999", "up", "--yes", "--data-dir", newer, "--port", "6555");
        await SaysAsync("There is no file", "image", "load", "/nowhere.tar", "--data-dir", cluster.DataDirectory);
    }

    [Fact]
    public async Task A_start_that_fails_says_why_in_one_sentence_and_undoes_what_it_did()
    {
        cluster.Require();
        var failed = Path.Combine(cluster.Scratch, "failed");
        var ended = await RealCluster.OrcAsync(
            "up", "--yes", "--hollow-nodes", "1", "--data-dir", failed, "--kubeconfig", "/proc/none/admin.conf");
        Assert.NotEqual(0, ended.ExitCode);
        var said = Assert.Single(ended.Errors.Trim().Split('\n'));
        Assert.StartsWith("orc: The silo ended while it was starting: ", said, StringComparison.Ordinal);
        Assert.Contains("/proc/none", said, StringComparison.Ordinal);

        // PostgreSQL ran by then.
        Assert.True(Directory.Exists(Path.Combine(failed, "postgres", "data")));
        Assert.False(File.Exists(Path.Combine(failed, "postgres", "data", "postmaster.pid")));
        var status = (await RealCluster.OrcAsync("status", "--data-dir", failed)).Required;
        Assert.DoesNotContain("running, process", status, StringComparison.Ordinal);
    }

    private async Task<string> NameOfAsync(string token)
    {
        var server = (await cluster.KubectlAsync(
            "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")).Required;
        return (await cluster.KubectlAsync(
            "--kubeconfig=/dev/null", $"--server={server}", "--insecure-skip-tls-verify", $"--token={token}",
            "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")).Required;
    }

    private static async Task SaysAsync(string words, params string[] arguments)
    {
        var ended = await RealCluster.OrcAsync(arguments);
        Assert.Equal(1, ended.ExitCode);
        Assert.StartsWith("orc: ", ended.Errors, StringComparison.Ordinal);
        Assert.Contains(words, ended.Errors, StringComparison.Ordinal);
        Assert.Single(ended.Errors.Trim().Split('\n'));
    }

    private async Task<string> UidsAsync() =>
        (await cluster.KubectlAsync("get", "namespaces,nodes,services,deployments,replicasets,pods,secrets,configmaps", "-A", "-o", Uids)).Required;

    private async Task<string> StatusAsync() =>
        (await RealCluster.OrcAsync("status", "--data-dir", cluster.DataDirectory)).Required;
}
