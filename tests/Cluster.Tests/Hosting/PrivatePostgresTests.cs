using System.Diagnostics;
using System.Globalization;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>
/// A server that hangs is ended, and nobody else: the file that names it belongs to the server's user, who may write
/// into it what he likes.
/// </summary>
public sealed class PrivatePostgresTests : IDisposable
{
    // Not below a directory of root's alone: the server's user must come to it.
    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("orc-pg-test-");
    private readonly DataDirectory _directory;
    private readonly PrivatePostgres _postgres;

    public PrivatePostgresTests()
    {
        File.SetUnixFileMode(_scratch.FullName, (UnixFileMode)0x1ED);
        _directory = DataDirectory.Open(Path.Combine(_scratch.FullName, "data"));
        _postgres = new PrivatePostgres(_directory);
    }

    public void Dispose() => _scratch.Delete(recursive: true);

    [Fact]
    public async Task Whatever_else_the_file_names_lives_on()
    {
        var cluster = Directory.CreateDirectory(Path.Combine(_directory.Postgres, "data"));
        using var other = Process.Start("sleep", ["1000"]);
        try
        {
            await File.WriteAllTextAsync(
                Path.Combine(cluster.FullName, "postmaster.pid"),
                $"{other.Id.ToString(CultureInfo.InvariantCulture)}\n{cluster.FullName}\n");

            Assert.Null(_postgres.ProcessId);
            await _postgres.KillAsync();

            Assert.False(other.WaitForExit(TimeSpan.FromSeconds(1)));
        }
        finally
        {
            other.Kill();
        }
    }

    [Fact]
    public async Task The_server_is_found_and_ended()
    {
        Assert.SkipWhen(Programs.Find("postgres") is null, "needs PostgreSQL");
        await _postgres.StartAsync(CancellationToken.None);
        Assert.NotNull(_postgres.ProcessId);

        await _postgres.KillAsync();

        Assert.Null(_postgres.ProcessId);
        Assert.False(await _postgres.IsRunningAsync(CancellationToken.None));
    }
}
