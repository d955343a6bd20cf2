using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests;

/// <summary>Of the network a node removes what is its own, and nothing of another's.</summary>
public sealed class NodeCleanerTests : IAsyncDisposable
{
    private readonly string _others = Directory.CreateTempSubdirectory("orc-other-").FullName;
    private readonly string _own = Directory.CreateTempSubdirectory("orc-own-").FullName;

    private static string Bridge { get; } = $"t{Environment.ProcessId}b";

    private NodeAgentOptions Options => new()
    {
        NodeName = "n", DataDirectory = _own, NetworkName = $"t{Environment.ProcessId}", BridgeName = Bridge,
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var link in new[] { Bridge, Options.DnsLink })
        {
            await Commands.RunAsync("ip", ["link", "delete", link], CancellationToken.None);
        }

        Directory.Delete(_others, recursive: true);
        Directory.Delete(_own, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_bridge_of_another_node_stays(bool isOwn)
    {
        Assert.SkipUnless(Linux.IsRoot && Commands.Exists("nft") && Commands.Exists("ip"), "needs root, nft and ip");
        var bridge = new OwnedLink(Bridge, isOwn ? _own : _others);
        var dns = new OwnedLink(Options.DnsLink, _own);
        await bridge.EnsureAsync(CancellationToken.None);
        await dns.EnsureAsync(CancellationToken.None);

        Assert.Equal(0, await NodeCleaner.RunAsync(Options, CancellationToken.None));

        Assert.Equal((!isOwn, false), (bridge.Exists, dns.Exists));
    }
}
