using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Clients.Tests;

/// <summary>
/// A silo that keeps everything in memory, with two simulated nodes: what a client sees as a cluster.
/// </summary>
public sealed class ClientsSilo : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-clients-");
    private SiloProcess? _silo;

    /// <summary>What every client reads, and a home that none of them writes to otherwise.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["KUBECONFIG"] = Path.Combine(_directory.FullName, "admin.conf"), ["HOME"] = _directory.FullName,
    };

    public async ValueTask InitializeAsync() => _silo = await SiloProcess.StartInMemoryAsync(
        "--hollow-nodes", "2", "--admin-kubeconfig", Environment["KUBECONFIG"]);

    /// <summary>What the silo said at the end, for a scenario that failed.</summary>
    public string Log() => _silo!.Log();

    public async ValueTask DisposeAsync()
    {
        await (_silo?.DisposeAsync() ?? ValueTask.CompletedTask);
        _directory.Delete(recursive: true);
    }
}

/// <summary>All tests that share the one silo; they run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class Clients : ICollectionFixture<ClientsSilo>
{
    public const string Name = "clients";
}
