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

        var ended = await Tools.RunAsync(Silos.SiloProcess.Program, [verb, "--data-dir", nowhere]);

        Assert.Equal((1, $"orc: There is no cluster in {nowhere}."), (ended.ExitCode, ended.Errors.Trim()));
        Assert.False(Directory.Exists(nowhere));
    }

    [Fact]
    public async Task Reset_deletes_no_directory_that_is_not_a_clusters()
    {
        var precious = Path.Combine(_scratch, "precious");
        await File.WriteAllTextAsync(precious, "");

        var ended = await Tools.RunAsync(Silos.SiloProcess.Program, ["reset", "--yes", "--data-dir", _scratch]);

        Assert.Equal((1, $"orc: There is no cluster in {_scratch}."), (ended.ExitCode, ended.Errors.Trim()));
        Assert.Equal([precious], Directory.GetFileSystemEntries(_scratch));
    }

    public void Dispose() => Directory.Delete(_scratch, recursive: true);
}
