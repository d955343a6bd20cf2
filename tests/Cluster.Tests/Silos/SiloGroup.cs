using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>Three silos on one PostgreSQL.</summary>
public sealed class SiloGroup : IAsyncLifetime
{
    private const int Count = 3;

    private readonly string _tokenFile = Path.GetTempFileName();
    private readonly SiloProcess[] _silos = new SiloProcess[Count];

    public PostgresServer Database { get; private set; } = null!;

    public string Connection { get; private set; } = null!;

    public IReadOnlyList<SiloProcess> Silos => _silos;

    public async ValueTask InitializeAsync()
    {
        Database = await PostgresServer.StartAsync();
        Connection = await Database.CreateDatabaseAsync();
        await File.WriteAllTextAsync(_tokenFile, $"{SiloProcess.Token},admin,1,\"system:masters\"\n");
        await Task.WhenAll(Enumerable.Range(0, Count).Select(StartAsync));
    }

    /// <summary>Puts a new silo in the place of one that is gone.</summary>
    public async Task StartAsync(int place)
    {
        var silo = await SiloProcess.StartAsync(Connection, _tokenFile);
        if (_silos[place] is { } gone)
        {
            await gone.DisposeAsync();
        }

        _silos[place] = silo;
    }

    /// <summary>A silo that is meant to answer.</summary>
    public SiloProcess Any(Random random)
    {
        var up = _silos.Where(static s => s.IsUp).ToArray();
        return up[random.Next(up.Length)];
    }

    public string Logs() => string.Join("\n\n", _silos.Select(static s => $"{s.Url}\n{s.Log()}"));

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        await Database.DisposeAsync();
        File.Delete(_tokenFile);
    }
}
