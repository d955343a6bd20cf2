using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace OrleansOrchestrator.TestKit;

/// <summary>
/// A private PostgreSQL for tests: unix socket only, in a temporary directory, gone with the process that started it
/// (it is stopped when its standard input ends, so even a killed test run leaves nothing behind). Commits are
/// synchronous as in production; only the disk is not waited for.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Settings =
        "-c listen_addresses= -c fsync=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c shared_buffers=64MB " +
        "-c max_connections=200 -c synchronous_commit=on -c log_min_messages=warning";

    /// <summary>Order to the shell around the server: the files are needed again.</summary>
    private const string Keep = "keep";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(20);
    private static readonly bool IsRoot = Environment.UserName == "root";

    private readonly string _directory;
    private Process? _process;
    private int _databases;

    private PostgresServer(string directory) => _directory = directory;

    /// <summary>Connects to the maintenance database.</summary>
    public string ConnectionString => ConnectionStringFor("postgres");

    private string DataDirectory => Path.Combine(_directory, "data");

    /// <summary>Starts a server with an empty cluster.</summary>
    public static async Task<PostgresServer> StartAsync()
    {
        var directory = Directory.CreateTempSubdirectory("orc-pg-").FullName;
        var server = new PostgresServer(directory);
        await RunAsync($"cp -a {await TemplateAsync()} {server.DataDirectory} && {(IsRoot ? $"chown postgres {directory}" : "true")}");
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>The connection string of a new, empty database.</summary>
    public async Task<string> CreateDatabaseAsync(string? template = null)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText =
            template is null ? $"create database {name}" : $"create database {name} template {template}";
        await command.ExecuteNonQueryAsync();
        return ConnectionStringFor(name);
    }

    public string ConnectionStringFor(string database) =>
        $"Host={_directory};Username=postgres;Database={database};Timeout=5;Maximum Pool Size=20";

    /// <summary>Starts the server after <see cref="KillAsync"/> or <see cref="StopAsync"/>.</summary>
    public async Task StartAgainAsync()
    {
        var postgres = $"{Binaries()}/postgres -D {DataDirectory} -k {_directory} {Settings}";
        // The shell waits for the end of its input, which is our end at the latest, and then ends the server at once,
        // without a checkpoint. Unless the input wants the files kept they go too. Waiting for a program, not reading
        // itself, it also sees the server's death.
        var script = $"{postgres} >>{_directory}/log 2>&1 </dev/null & pid=$!; cat >{_directory}/order; kill -QUIT $pid 2>/dev/null; wait $pid; "
            + $"[ \"$(cat {_directory}/order)\" = {Keep} ] || rm -rf {_directory}";
        var info = new ProcessStartInfo { FileName = IsRoot ? "runuser" : "sh", RedirectStandardInput = true };
        foreach (var argument in IsRoot ? new[] { "-u", "postgres", "--", "sh", "-c", script } : ["-c", script])
        {
            info.ArgumentList.Add(argument);
        }

        _process = Process.Start(info)!;
        await WaitUntilReadyAsync();
    }

    /// <summary>
    /// Ends all server processes at once, as a crash or a power cut does; returns when they are gone.
    /// </summary>
    public async Task KillAsync()
    {
        var pid = await ReadPidAsync();
        await RunAsync(
            $"kill -STOP {pid}; pkill -KILL -P {pid}; kill -KILL {pid}; while kill -0 {pid} 2>/dev/null; do :; done");
        await EndShellAsync(Keep);
    }

    /// <summary>Stops the server in an orderly way; sessions are told.</summary>
    public async Task StopAsync()
    {
        var pid = await ReadPidAsync();
        await RunAsync($"kill -INT {pid}; while kill -0 {pid} 2>/dev/null; do :; done");
        await EndShellAsync(Keep);
    }

    public async ValueTask DisposeAsync()
    {
        await EndShellAsync("");
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    private static string Binaries() =>
        Directory.GetDirectories("/usr/lib/postgresql").Order(
            StringComparer.Ordinal).Select(d => d + "/bin").Last(Directory.Exists);

    /// <summary>An initialized cluster to copy: initdb takes a second, a copy of its result a tenth.</summary>
    private static async Task<string> TemplateAsync()
    {
        var version = new DirectoryInfo(Binaries()).Parent!.Name;
        var template = Path.Combine(
            Path.GetTempPath(), $"orc-pg-template-{version}-{(IsRoot ? "postgres" : Environment.UserName)}");
        if (!Directory.Exists(template))
        {
            var fresh = $"{template}.{Environment.ProcessId}";
            var initdb = $"{Binaries()}/initdb -D {fresh} -U postgres -A trust -E UTF8 --no-locale --no-sync";
            await RunAsync(IsRoot ? $"install -d -o postgres {fresh} && runuser -u postgres -- {initdb}" : initdb);
            // Several test runs may get here at once; whose rename comes first does not matter.
            await RunAsync($"mv -T {fresh} {template} 2>/dev/null || rm -rf {fresh}");
        }

        return template;
    }

    private static async Task RunAsync(string script)
    {
        var info = new ProcessStartInfo("sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        info.ArgumentList.Add("-c");
        info.ArgumentList.Add(script);
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.EndedAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{script}' failed: {await error}{await output}");
        }
    }

    private async Task<string> ReadPidAsync() =>
        (await File.ReadAllLinesAsync(Path.Combine(DataDirectory, "postmaster.pid")))[0];

    /// <summary>A starting server announces itself in no other way.</summary>
    private Task WaitUntilReadyAsync() => Patiently.DoneAsync(
        StartTimeout,
        async () =>
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
            await connection.OpenAsync();
            return true;
        },
        static failure => failure is NpgsqlException);

    private async Task EndShellAsync(string order)
    {
        if (_process is { } process)
        {
            _process = null;
            await process.StandardInput.WriteLineAsync(order);
            process.StandardInput.Close();
            await process.EndedAsync();
            process.Dispose();
        }
    }
}
