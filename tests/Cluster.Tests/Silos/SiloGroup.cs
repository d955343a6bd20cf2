using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Npgsql;
using Orleans.Runtime;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>Silos on one PostgreSQL; three unless something else is asked for.</summary>
public sealed class SiloGroup : IAsyncLifetime
{
    private readonly string _tokenFile = Path.GetTempFileName();
    private SiloProcess[] _silos = [];
    private readonly int _port = FreePort();

    public int Count { get; init; } = 3;

    /// <summary>Further arguments of all silos.</summary>
    public string[] Arguments { get; init; } = [];

    public PostgresServer Database { get; private set; } = null!;

    public string Connection { get; private set; } = null!;

    public IReadOnlyList<SiloProcess> Silos => _silos;

    public async ValueTask InitializeAsync()
    {
        _silos = new SiloProcess[Count];
        Database = await PostgresServer.StartAsync();
        Connection = await Database.CreateDatabaseAsync();
        await File.WriteAllTextAsync(_tokenFile, $"{SiloProcess.Token},admin,1,\"system:masters\"\n");
        await Task.WhenAll(Enumerable.Range(0, Count).Select(StartAsync));
    }

    /// <summary>Puts a new silo in the place of one that is gone.</summary>
    public async Task StartAsync(int place)
    {
        if (_silos[place] is { } gone)
        {
            await gone.DisposeAsync();
        }

        var silo = await SiloProcess.StartAsync(
            Connection, _tokenFile, new SiloPlace($"127.0.0.{place + 11}", $"192.0.2.{place + 1}", _port, FreePort()),
            Arguments);
        _silos[place] = silo;
    }

    /// <summary>A silo that is meant to answer.</summary>
    public SiloProcess Any(Random random)
    {
        var up = _silos.Where(static s => s.IsUp).ToArray();
        return up[random.Next(up.Length)];
    }

    /// <summary>The place of the silo that holds the journal of a resource.</summary>
    public async Task<int> HolderAsync(string resource)
    {
        await using var source = NpgsqlDataSource.Create(Connection);
        await using var command = source.CreateCommand("select silo from store.activations where grain = $1");
        command.Parameters.Add(new NpgsqlParameter { Value = $"journal/{resource}" });
        var silo = SiloAddress.FromParsableString((string)(await command.ExecuteScalarAsync())!);
        return Array.FindIndex(_silos, s => s.SiloPort == silo.Endpoint.Port);
    }

    /// <summary>
    /// Returns when the endpoints of the <c>kubernetes</c> Service are those of the silos that are up.
    /// </summary>
    public Task AnnouncedAsync(HttpClient http, TimeSpan patience)
    {
        var attempt = 0;
        return Patiently.UntilAsync(patience, bound => AreAnnouncedAsync(http, attempt++, bound));
    }

    /// <summary>False when the watch ended, or was refused, before that.</summary>
    private async Task<bool> AreAnnouncedAsync(HttpClient http, int attempt, CancellationToken cancellationToken)
    {
        var expected = _silos.Where(static s => s.IsUp).Select(static s => s.Address).ToArray();
        var url = new Uri(
            Any(new Random(attempt)).Url, "/api/v1/namespaces/default/endpoints?watch=1&fieldSelector=metadata.name%3Dkubernetes");
        try
        {
            using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (Addresses(line).SequenceEqual(expected))
                {
                    return true;
                }
            }

            return false;
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException or JsonException)
        {
            return false;
        }
    }

    /// <summary>The addresses that an event tells of; none when it is no event of Endpoints.</summary>
    private static List<string?> Addresses(string line)
    {
        using var item = JsonDocument.Parse(line);
        return item.RootElement.TryGetProperty("object", out var endpoints)
            && endpoints.TryGetProperty("subsets", out var subsets)
            ? [.. subsets.EnumerateArray().SelectMany(static s => s.GetProperty("addresses").EnumerateArray())
                .Select(static a => a.GetProperty("ip").GetString())]
            : [];
    }

    public string Logs() => string.Join("\n\n", _silos.Select(static s => $"{s.Url}\n{s.Log()}"));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos.OfType<SiloProcess>())
        {
            await silo.DisposeAsync();
        }

        await Database.DisposeAsync();
        File.Delete(_tokenFile);
    }
}
