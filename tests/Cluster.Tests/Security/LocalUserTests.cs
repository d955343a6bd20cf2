using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Security;

/// <summary>What another user of the machine learns of a cluster: nothing.</summary>
[Collection(ClusterTests.Name)]
public sealed class LocalUserTests(RealCluster cluster)
{
    private const string Marker = "argument-of-an-exec-that-nobody-else-may-read";

    [Fact]
    public async Task Nothing_can_be_read_by_others()
    {
        await using var space = await Space.CreateAsync(cluster, "private");
        await space.ApplyAsync(Pods.Shell("idle", Pods.Idle));
        await space.KubectlAsync("wait", "--for=condition=Ready", "pod/idle", "--timeout=300s");
        await space.KubectlAsync("exec", "idle", "--", "echo", Marker);

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(cluster.Kubeconfig));
        Assert.All(
            Directory.EnumerateFiles(Path.Combine(cluster.DataDirectory, "pki")),
            file => Assert.Equal((file, OwnerOnly), (file, File.GetUnixFileMode(file))));
        var found = await AsNobodyAsync("find", cluster.DataDirectory, "-mindepth", "1");
        Assert.Equal("", found.Output);
        Assert.Contains("Permission denied", found.Errors, StringComparison.Ordinal);
        foreach (var daemon in new[] { "silo", "node-agent" })
        {
            var arguments = await File.ReadAllTextAsync($"/proc/{cluster.ProcessIdOf(daemon)}/cmdline");
            Assert.DoesNotMatch("(?i)host=|username=|password=", arguments);
        }

        Assert.All(
            Directory.EnumerateFiles(Path.Combine(cluster.DataDirectory, "log"))
                .Append(Path.Combine(cluster.DataDirectory, "node", "containerd", "containerd.log")),
            log => Assert.DoesNotContain(Marker, ReadShared(log), StringComparison.Ordinal));
    }

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static Task<Ended> AsNobodyAsync(params string[] command) => Tools.RunAsync(
        "setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--", .. command]);

    private static string ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }
}
