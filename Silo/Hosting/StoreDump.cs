using System.Globalization;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>
/// Backups of a cluster's database, in the custom format of PostgreSQL's own <c>pg_dump</c>: consistent as of the
/// moment in which they begin, while the cluster goes on.
/// </summary>
public sealed class StoreDump(string connection)
{
    /// <summary>What belongs to the silos that run, and not to the cluster.</summary>
    private static readonly string[] OfRunningSilos =
    [
        "store.activations", "store.api_servers", "store.pulses", "orleans.membership", "orleans.membership_version",
    ];

    /// <summary>What a cluster can do without: kept logs, figures and audit.</summary>
    private static readonly string[] History =
        ["logs.segments", "logs.streams", "store.metric_rounds", "store.metric_blocks*", "store.audit_[0-9]*"];

    /// <summary>
    /// Writes a backup into a file that only its owner can read, in place of what was there; a failure leaves that as
    /// it was.
    /// </summary>
    public async Task WriteAsync(string path, bool withHistory, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            throw new UserErrorException($"{path} is a directory: name a file in it.");
        }

        if (Path.GetDirectoryName(path) is { } place && !Directory.Exists(place))
        {
            throw new UserErrorException($"There is no directory {place} for the backup.");
        }

        var unfinished = path + ".new";
        await OwnFiles.Create(unfinished).DisposeAsync();
        try
        {
            var left = withHistory ? OfRunningSilos : [.. OfRunningSilos, .. History];
            await RunAsync(
                "pg_dump", ["--format=custom", .. left.Select(static t => $"--exclude-table-data={t}")],
                """exec "$0" "$@" > "$ORC_FILE" """, unfinished, writes: false, cancellationToken);
            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Loads a backup into an empty database, whole or not at all.</summary>
    public async Task ReadAsync(string path, CancellationToken cancellationToken)
    {
        if (await RestoredStore.IsThereAsync(connection, cancellationToken))
        {
            throw new UserErrorException(
                $"{StoreConnectionString.Describe(connection)} holds a cluster already: "
                    + "a backup is restored into an empty database.");
        }

        await RunAsync(
            "pg_restore",
            ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname", Database],
            """exec "$0" "$@" < "$ORC_FILE" """, path, writes: true, cancellationToken);
        if (!await RestoredStore.IsThereAsync(connection, cancellationToken))
        {
            throw new UserErrorException($"{path} is a backup of another program's database.");
        }

        await RestoredStore.MoveOnAsync(connection, cancellationToken);
    }

    private string Database
    {
        get
        {
            var settings = new NpgsqlConnectionStringBuilder(connection);
            return settings.Database ?? settings.Username ?? "postgres";
        }
    }

    /// <summary>
    /// The shell opens the file, so that the program can seek in it, and a database's user need not be able to read it.
    /// </summary>
    private async Task RunAsync(
        string name, IReadOnlyList<string> arguments, string redirection, string file, bool writes,
        CancellationToken cancellationToken)
    {
        var program = Programs.Find(name) ?? throw new UserErrorException(
            $"PostgreSQL's {name} (of version {PrivatePostgres.OldestVersion} or newer) is not installed: "
                + "install Debian's package postgresql.");
        var (exitCode, output) = await Programs.RunAsync(
            "/bin/sh", ["-c", redirection, program, .. arguments], cancellationToken,
            [KeyValuePair.Create("ORC_FILE", Path.GetFullPath(file)), .. Variables(writes)]);
        if (exitCode != 0)
        {
            throw new UserErrorException($"{name} failed with exit code {exitCode}: {output.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>How PostgreSQL's own programs are told where to go; a password is no argument.</summary>
    /// <param name="writes">Of several servers, the one is meant that can be written.</param>
    public IReadOnlyDictionary<string, string> Variables(bool writes)
    {
        var settings = new NpgsqlConnectionStringBuilder(connection);
        if (settings.SslPassword is { Length: > 0 })
        {
            throw new UserErrorException(
                "PostgreSQL's own programs cannot be told the password of a client key: give a key without one.");
        }

        var servers = settings.Host!.Split(',').Select(h => ServerOf(h.Trim(), settings.Port)).ToList();
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PGHOST"] = string.Join(',', servers.Select(static s => s.Host)),
            ["PGPORT"] = string.Join(',', servers.Select(static s => s.Port)),
            ["PGDATABASE"] = Database,
            ["PGSSLMODE"] = settings.SslMode switch
            {
                SslMode.VerifyCA => "verify-ca",
                SslMode.VerifyFull => "verify-full",
                var mode => mode.ToString().ToLowerInvariant(),
            },
        };
        (string Name, string? Value)[] given =
        [
            ("PGUSER", settings.Username), ("PGPASSWORD", settings.Password), ("PGPASSFILE", settings.Passfile),
            ("PGSSLROOTCERT", settings.RootCertificate), ("PGSSLCERT", settings.SslCertificate),
            ("PGSSLKEY", settings.SslKey), ("PGTARGETSESSIONATTRS", writes ? "read-write" : null),
        ];
        foreach (var (name, value) in given.Where(static g => g.Value is { Length: > 0 }))
        {
            variables[name] = value!;
        }

        return variables;
    }

    /// <summary>
    /// <c>host</c>, <c>host:port</c>, an address of IPv6 alone or in brackets with a port, or a socket's directory.
    /// </summary>
    private static (string Host, string Port) ServerOf(string text, int port)
    {
        var colon = text.LastIndexOf(':');
        var hasPort = !text.StartsWith('/') && colon >= 0
            && (text.IndexOf(':', StringComparison.Ordinal) == colon || text[colon - 1] == ']');
        var host = (hasPort ? text[..colon] : text).TrimStart('[').TrimEnd(']');
        return (host, hasPort ? text[(colon + 1)..] : port.ToString(CultureInfo.InvariantCulture));
    }
}
