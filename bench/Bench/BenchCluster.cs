using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Bench;

/// <summary>A silo with its own PostgreSQL in a temporary directory, as users run it: TLS, authentication, every
/// controller unless told otherwise.</summary>
public sealed class BenchCluster : IAsyncDisposable
{
    private const string TokenText = "bench-token";
    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly string _root;
    private readonly PrivatePostgres _postgres;
    private readonly Func<Process> _launch;
    private Process _silo;

    private BenchCluster(string root, PrivatePostgres postgres, Func<Process> launch, string url)
    {
        _root = root;
        _postgres = postgres;
        _launch = launch;
        _silo = launch();
        Url = url;
        Client = Connect(TokenText);
    }

    public string Url { get; }

    public string Token => TokenText;

    public HttpClient Client { get; }

    public int SiloProcess => _silo.Id;

    public string ConnectionString => _postgres.ConnectionString;

    public int PostgresProcess => _postgres.ProcessId!.Value;

    /// <summary>From the start of the silo's process until it is ready, the database being empty and running.</summary>
    public TimeSpan SiloStart { get; private set; }

    /// <summary>From nothing until PostgreSQL answers.</summary>
    public TimeSpan PostgresStart { get; private init; }

    /// <summary>CPU of silo and PostgreSQL so far.</summary>
    public TimeSpan ReadCpu() => ProcessMeter.Read(SiloProcess).Cpu + ProcessMeter.Read(PostgresProcess).Cpu;

    /// <summary>What is at a path.</summary>
    public async Task<JsonDocument> ReadAsync(string path, CancellationToken cancellationToken)
    {
        await using var answer = await Client.GetStreamAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return await JsonDocument.ParseAsync(answer, cancellationToken: cancellationToken);
    }

    /// <summary>A client with connections of its own.</summary>
    public HttpClient Connect(string token) => Connect(Url, token);

    /// <summary>The same of a cluster that another process has started.</summary>
    public static HttpClient Connect(string url, string token)
    {
        var handler = new SocketsHttpHandler();

        // The cluster's authority is its own, made a moment ago; there must be a certificate, and that is all one can
        // say.
        handler.SslOptions.RemoteCertificateValidationCallback =
            static (_, _, _, errors) => !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable);
        var client = new HttpClient(handler)
        {
            BaseAddress = new Uri(url), DefaultRequestVersion = HttpVersion.Version20,
            Timeout = TimeSpan.FromMinutes(5),
        };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public static async Task<BenchCluster> StartAsync(
        BenchOptions options, int hollowNodes, bool controllers, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var root = Directory.CreateTempSubdirectory("orc-bench-").FullName;

        // PostgreSQL runs as another user, who must be able to come through.
        File.SetUnixFileMode(root, File.GetUnixFileMode(root) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        var postgres = new PrivatePostgres(DataDirectory.Open(root));
        var start = time.GetTimestamp();
        await postgres.StartAsync(cancellationToken);
        var postgresStart = time.GetElapsedTime(start);
        var tokens = Path.Combine(root, "tokens");
        await File.WriteAllLinesAsync(
            tokens, [$"{TokenText},bench,1,\"system:masters\"", .. options.Users], cancellationToken);
        var port = FreePort();
        start = time.GetTimestamp();
        string[] store = options.InMemory ? [] : ["--connection", postgres.ConnectionString];
        var url = $"https://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}";
        var cluster =
            new BenchCluster(
                root, postgres, () => Launch(options, root, store, tokens, port, hollowNodes, controllers), url)
        {
            PostgresStart = postgresStart,
        };
        try
        {
            await cluster.WaitUntilReadyAsync(time, cancellationToken);
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }

        cluster.SiloStart = time.GetElapsedTime(start);
        return cluster;
    }

    /// <summary>Stops the silo, and starts it again with what it has stored.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        await StopSiloAsync();
        var start = TimeProvider.System.GetTimestamp();
        _silo = _launch();
        await WaitUntilReadyAsync(TimeProvider.System, cancellationToken);
        SiloStart = TimeProvider.System.GetElapsedTime(start);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await StopSiloAsync();
        await _postgres.StopAsync(CancellationToken.None);
        Directory.Delete(_root, recursive: true);
    }

    private async Task StopSiloAsync()
    {
        if (!_silo.HasExited)
        {
            await Programs.RunAsync("kill", [_silo.Id.ToString(CultureInfo.InvariantCulture)], CancellationToken.None);
            await _silo.WaitForExitAsync();
        }

        _silo.Dispose();
    }

    private static Process Launch(
        BenchOptions options, string root, string[] store, string tokens, int port, int hollowNodes,
        bool controllers) =>
        Process.Start(new ProcessStartInfo(
            "sh",
            [
                "-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1", "silo", Path.Combine(root, "silo.log"), options.Silo, "silo",
                .. store, "--bind-address", "127.0.0.1", "--port", Text(port), "--silo-port", Text(FreePort()),
                "--token-auth-file", tokens, "--hollow-nodes", Text(hollowNodes), "--controllers", controllers
                    ? "true"
                    : "false",
                .. options.SiloArguments,
            ])
        {
            WorkingDirectory = root,
        })!;

    private async Task WaitUntilReadyAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(StartTime);
        while (!await IsReadyAsync(patience.Token))
        {
            if (_silo.HasExited)
            {
                var log = await File.ReadAllTextAsync(Path.Combine(_root, "silo.log"), cancellationToken);
                throw new InvalidOperationException($"The silo ended: {log}");
            }

            await Task.Delay(PollInterval, time, patience.Token);
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await Client.GetAsync(new Uri("/readyz", UriKind.Relative), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException)
        {
            // A connection that ends while it is made is told without HttpClient's own exception.
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
