using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>What the programs that we start are told.</summary>
public sealed class DaemonProcessTests : IDisposable
{
    private const string Secret = "Host=h;Password=secret";

    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("orc-test-");

    public DaemonProcessTests() => Environment.SetEnvironmentVariable(SiloOptions.ConnectionVariable, Secret);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(SiloOptions.ConnectionVariable, null);
        _scratch.Delete(recursive: true);
    }

    [Fact]
    public async Task How_to_reach_the_store_is_told_to_the_silo_alone()
    {
        var directory = DataDirectory.Open(Path.Combine(_scratch.FullName, "data"));
        foreach (var (name, environment) in new Dictionary<string, Dictionary<string, string>?>
        {
            ["node-agent"] = null,
            ["silo"] = new() { [SiloOptions.ConnectionVariable] = Secret },
        })
        {
            var daemon = new DaemonProcess(directory, name);
            using var process = daemon.Start("env", [], environment);
            await process.EndedAsync();
            Assert.Equal(
                environment is not null, daemon.LogTail(1000).Contains(Secret, StringComparison.Ordinal));
        }

        var (_, output) = await Programs.RunAsync("env", [], CancellationToken.None);
        Assert.DoesNotContain(Secret, output, StringComparison.Ordinal);
    }
}
