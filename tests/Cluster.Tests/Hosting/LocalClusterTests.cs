using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>Nobody waits for what a process was to do that has ended.</summary>
public sealed class LocalClusterTests : IDisposable
{
    private const string NobodysAddress = "127.9.9.9";

    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("orc-test-");
    private readonly DaemonProcess _agent;
    private readonly LocalCluster _cluster;

    public LocalClusterTests()
    {
        var directory = DataDirectory.Open(Path.Combine(_scratch.FullName, "data"));
        _agent = new DaemonProcess(directory, "node-agent");
        _cluster = new LocalCluster(
            new(), MachineShare.At(0) with { DnsAddress = NobodysAddress }, directory, TimeProvider.System);
    }

    public void Dispose() => _scratch.Delete(recursive: true);

    [Fact]
    public async Task The_DNS_of_an_agent_that_has_ended_is_not_waited_for()
    {
        using var process = _agent.Start("echo", ["orc: no room"]);
        await process.EndedAsync();

        var failure = await Assert.ThrowsAsync<UserErrorException>(
            () => _cluster.WaitForDnsAsync(TestContext.Current.CancellationToken));
        Assert.Equal("The cluster's DNS ended while it was starting: no room", failure.Message);
    }

    [Fact]
    public async Task The_DNS_of_an_agent_that_ends_is_not_waited_for()
    {
        using var process = _agent.Start("sleep", ["infinity"]);
        var waiting = _cluster.WaitForDnsAsync(TestContext.Current.CancellationToken);
        process.Kill();

        var failure = await Assert.ThrowsAsync<UserErrorException>(() => waiting);
        Assert.StartsWith("The cluster's DNS ended while it was starting", failure.Message, StringComparison.Ordinal);
    }
}
