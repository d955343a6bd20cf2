using System.Net;
using System.Net.Sockets;
using System.Text.Json;
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
            Connection, _tokenFile, new SiloPlace($"127.0.0.{place + 11}", $"192.0.2.{place + 1}", _port));
        _silos[place] = silo;
    }

    /// <summary>A silo that is meant to answer.</summary>
    public SiloProcess Any(Random random)
    {
        var up = _silos.Where(static s => s.IsUp).ToArray();
        return up[random.Next(up.Length)];
    }

    /// <summary>
    /// Returns when the endpoints of the <c>kubernetes</c> Service are those of the silos that are up.
    /// </summary>
    public async Task AnnouncedAsync(HttpClient http, TimeSpan patience)
    {
        var expected = _silos.Where(static s => s.IsUp).Select(static s => s.Address).ToArray();
        var url = new Uri(
            Any(new Random()).Url, "/api/v1/namespaces/default/endpoints?watch=1&fieldSelector=metadata.name%3Dkubernetes");
        using var bound = new CancellationTokenSource(patience, TimeProvider.System);
        using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, bound.Token);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(bound.Token));
        while (await reader.ReadLineAsync(bound.Token) is { } line)
        {
            using var item = JsonDocument.Parse(line);
            var subset = item.RootElement.GetProperty("object").GetProperty("subsets")[0];
            var found =
                subset.GetProperty("addresses").EnumerateArray().Select(static a => a.GetProperty("ip").GetString()!);
            if (found.SequenceEqual(expected))
            {
                return;
            }
        }

        throw new InvalidOperationException($"the watch ended before {string.Join(", ", expected)} were announced");
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
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        await Database.DisposeAsync();
        File.Delete(_tokenFile);
    }
}
