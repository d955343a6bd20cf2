using System.Diagnostics;
using System.Globalization;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// The cluster's own PostgreSQL: made from the machine's installed server, reachable over a Unix socket only, and run
/// as an unprivileged user when we are root (PostgreSQL refuses root). It is a daemon of its own: it outlives a killed
/// silo, and the next start finds it running.
/// </summary>
public sealed class PrivatePostgres(DataDirectory directory)
{
    public const int OldestVersion = 15;
    private const string Superuser = "orc";
    private const string SystemUser = "postgres";
    private const string Database = "orc";

    /// <summary>
    /// Measured on small machines: enough for 10,000 pods, small when idle. synchronous_commit stays on. Slow
    /// statements are logged without their parameters, which are whole objects, Secrets too.
    /// </summary>
    private const string Settings = """
        listen_addresses = ''
        max_connections = 100
        shared_buffers = 64MB
        max_wal_size = 1GB
        checkpoint_timeout = 15min
        wal_compression = on
        jit = off
        autovacuum_naptime = 20s
        autovacuum_vacuum_scale_factor = 0.1
        log_min_duration_statement = 1s
        log_parameter_max_length = 0
        log_autovacuum_min_duration = -1
        """;

    /// <summary>For Npgsql.</summary>
    public string ConnectionString => $"Host={directory.PostgresSocket};Username={Superuser};Database={Database}";

    /// <summary>Makes the database on first use, starts it if it is not running, and returns when it answers.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(cancellationToken);
        if (!await IsRunningAsync(cancellationToken))
        {
            await StartServerAsync(cancellationToken);
        }
    }

    /// <summary>True when the server process lives.</summary>
    public async Task<bool> IsRunningAsync(CancellationToken cancellationToken)
    {
        var (exitCode, _) = await TryRunAsync("pg_ctl", ["status", "-D", Cluster], cancellationToken);
        return exitCode == 0;
    }

    /// <summary>
    /// Process id of the postmaster; null when it is not running. The file that says so is the server's user's:
    /// whatever else it names is none of ours.
    /// </summary>
    public int? ProcessId
    {
        get
        {
            var file = Path.Combine(Cluster, "postmaster.pid");
            return File.Exists(file) && int.TryParse(
                File.ReadLines(file).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && IsServer(pid)
                ? pid
                : null;
        }
    }

    /// <summary>Stops the server after its clients' transactions; does nothing when it is not running.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(Cluster))
        {
            return;
        }

        await AdmitServerAsync(cancellationToken);
        if (await IsRunningAsync(cancellationToken))
        {
            await RunAsync("pg_ctl", ["stop", "-w", "-s", "-m", "fast", "-D", Cluster], cancellationToken);
        }
    }

    /// <summary>
    /// Ends a server that hangs as a crash would; what was committed stays. Its sessions go too: one that hangs with it
    /// would keep the next server from starting.
    /// </summary>
    public async Task KillAsync()
    {
        if (ProcessId is not { } server)
        {
            return;
        }

        using var process = Process.GetProcessById(server);
        var id = server.ToString(CultureInfo.InvariantCulture);
        var owners = await Programs.RequireAsync(
            "stat", ["-c", "%u", $"/proc/{id}", directory.Postgres], CancellationToken.None);
        if (owners.Split('\n') is not [var owner, var ours] || owner != ours)
        {
            throw new UserErrorException($"Process {id} is not PostgreSQL's user's; it is left alone.");
        }

        var sessions = await File.ReadAllTextAsync($"/proc/{id}/task/{id}/children");
        string[] all = [id, .. sessions.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        await Programs.RunAsync("kill", ["-9", .. all], CancellationToken.None);
        await process.WaitForExitAsync();
    }

    /// <summary>Whether a process is a PostgreSQL that serves this data directory.</summary>
    private bool IsServer(int pid)
    {
        var process = $"/proc/{pid.ToString(CultureInfo.InvariantCulture)}";
        try
        {
            return Path.GetFileName(new FileInfo($"{process}/exe").LinkTarget) is "postgres" or "postgres (deleted)"
                && File.ReadAllText($"{process}/cmdline").Split('\0').Contains(Cluster);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended, or is somebody else's
        }
    }

    private string Cluster => Path.Combine(directory.Postgres, "data");

    private string Log => Path.Combine(directory.Postgres, "server.log");

    private Task StartServerAsync(CancellationToken cancellationToken) => RunAsync(
        "pg_ctl", ["start", "-w", "-t", "60", "-s", "-D", Cluster, "-l", Log], cancellationToken);

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        OwnFiles.MakeDirectory(directory.Postgres, OwnFiles.OwnersDirectory);
        OwnFiles.MakeDirectory(directory.PostgresSocket, OwnFiles.OwnersDirectory);
        if (Environment.IsPrivilegedProcess)
        {
            await Programs.RequireAsync(
                "chown", [SystemUser, directory.Postgres, directory.PostgresSocket], cancellationToken);
        }

        await AdmitServerAsync(cancellationToken);
        if (File.Exists(Path.Combine(Cluster, "PG_VERSION")))
        {
            return;
        }

        // The socket's directory admits only the server's user and root, so trust over it is no wider than the file
        // system.
        await RunAsync(
            "initdb",
            ["-D", Cluster, "-U", Superuser, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            cancellationToken);
        await File.AppendAllTextAsync(
            Path.Combine(Cluster, "postgresql.conf"),
            $"\n{Settings}\nunix_socket_directories = '{directory.PostgresSocket}'\n",
            cancellationToken);
        await StartServerAsync(cancellationToken);
        await RunAsync("createdb", ["-h", directory.PostgresSocket, "-U", Superuser, Database], cancellationToken);
    }

    /// <summary>Lets the server's user through what is private on the way to its own directories.</summary>
    private Task AdmitServerAsync(CancellationToken cancellationToken) => Environment.IsPrivilegedProcess
        ? Programs.RequireAsync("chgrp", [SystemUser, directory.Root, directory.Run], cancellationToken)
        : Task.CompletedTask;

    private async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        var (exitCode, output) = await TryRunAsync(program, arguments, cancellationToken);
        if (exitCode != 0)
        {
            throw new UserErrorException(
                $"PostgreSQL's {program} failed with exit code {exitCode}: {output} (see {Log})");
        }
    }

    private static Task<(int ExitCode, string Output)> TryRunAsync(
        string program, string[] arguments, CancellationToken cancellationToken)
    {
        var bin = Path.GetDirectoryName(Programs.Find("postgres"))
            ?? throw new UserErrorException(
                $"PostgreSQL {OldestVersion} or newer is not installed: install Debian's package postgresql.");
        var path = Path.Combine(bin, program);
        return Environment.IsPrivilegedProcess
            ? Programs.RunAsync(
                "setpriv",
                ["--reuid", SystemUser, "--regid", SystemUser, "--init-groups", path, .. arguments],
                cancellationToken)
            : Programs.RunAsync(path, arguments, cancellationToken);
    }
}
