using OrleansOrchestrator.Silo.Hosting;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>Commands on directories that hold no cluster: they make none, and harm nothing.</summary>
public sealed class OrcCommandTests : IDisposable
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("orc-test-").FullName;

    [Theory]
    [InlineData("status")]
    [InlineData("down")]
    public async Task Where_there_is_no_cluster_none_is_made(string verb)
    {
        var nowhere = Path.Combine(_scratch, "nowhere");

        var ended = await Tools.RunAsync(SiloProcess.Program, [verb, "--data-dir", nowhere]);

        Assert.Equal((1, $"orc: There is no cluster in {nowhere}."), (ended.ExitCode, ended.Errors.Trim()));
        Assert.False(Directory.Exists(nowhere));
    }

    [Fact]
    public async Task Down_says_where_nothing_ran_and_how_to_go_on()
    {
        var idle = DataDirectory.Open(At("idle")).Root;

        var said = (await Tools.RunAsync(SiloProcess.Program, ["down", "--data-dir", idle])).Required;

        Assert.Equal($"Nothing of this cluster ran. 'orc up --data-dir {idle}' resumes it.", said.Trim());
    }

    [Fact]
    public async Task Help_names_orc_and_what_its_script_does_too()
    {
        var help = (await Tools.RunAsync(SiloProcess.Program, ["--help"])).Required;

        Assert.Matches(@"Usage:\s+orc \[", help);
        Assert.All(["test", "bench", "up"], verb => Assert.Matches($@"(?m)^\s+{verb}\s", help));
        var words = (await Tools.RunAsync(Repository.PathOf("orc"), ["bench", "services", "--help"])).Required;
        Assert.StartsWith("Usage: ./orc bench", words, StringComparison.Ordinal);
        Assert.DoesNotContain("--referee", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task There_is_no_session_for_a_dashboard_that_is_switched_off()
    {
        var kubeconfig = At("admin.conf");
        await using var silo = await SiloProcess.StartInMemoryAsync(
            "--dashboard=false", "--admin-kubeconfig", kubeconfig);

        var refused = await Tools.RunAsync(SiloProcess.Program, ["dashboard", "--kubeconfig", kubeconfig]);

        Assert.Equal((1, ""), (refused.ExitCode, refused.Output.Trim()));
        Assert.Contains("the dashboard is switched off", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reset_deletes_no_directory_that_is_not_a_clusters()
    {
        var precious = Path.Combine(_scratch, "precious");
        await File.WriteAllTextAsync(precious, "");

        var ended = await Tools.RunAsync(SiloProcess.Program, ["reset", "--yes", "--data-dir", _scratch]);

        Assert.Equal((1, $"orc: There is no cluster in {_scratch}."), (ended.ExitCode, ended.Errors.Trim()));
        Assert.Equal([precious], Directory.GetFileSystemEntries(_scratch));
    }

    [Fact]
    public async Task Reset_deletes_nothing_through_what_is_still_mounted()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        var (precious, real, link) = (At("precious"), At("a cluster"), At("link"));
        Directory.CreateDirectory(precious);
        await File.WriteAllTextAsync(Path.Combine(precious, "file"), "");
        var point = Path.Combine(DataDirectory.Open(real).Run, "mounted");
        Directory.CreateDirectory(point);
        File.CreateSymbolicLink(link, real);
        (await Tools.RunAsync("mount", ["--bind", precious, point])).Required.ToString();
        try
        {
            foreach (var root in new[] { real, link })
            {
                var refused = await Tools.RunAsync(SiloProcess.Program, ["reset", "--yes", "--data-dir", root]);

                Assert.Equal(
                    (1, $"orc: {point} is still mounted, so {root} is not deleted: "
                        + "unmount it, then run 'orc reset' again."),
                    (refused.ExitCode, refused.Errors.Trim()));
            }
        }
        finally
        {
            (await Tools.RunAsync("umount", [point])).Required.ToString();
        }

        (await Tools.RunAsync(SiloProcess.Program, ["reset", "--yes", "--data-dir", link])).Required.ToString();
        Assert.True(File.Exists(Path.Combine(precious, "file")));
        Assert.Empty(Directory.GetFileSystemEntries(link));
    }

    private string At(string name) => Path.Combine(_scratch, name);

    public void Dispose() => Directory.Delete(_scratch, recursive: true);
}
