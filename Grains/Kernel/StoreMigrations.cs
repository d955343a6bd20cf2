using DbUp;
using DbUp.Engine.Output;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>The database cannot be used as it is; the message says what to do.</summary>
public sealed class StoreVersionException(string message) : Exception(message);

/// <summary>
/// Brings the database to this program's schema version. Scripts are numbered, applied once each, and never edited
/// after a release. Silos that start together are serialized by an advisory lock.
/// </summary>
public static class StoreMigrations
{
    private const string ScriptPrefix = "OrleansOrchestrator.Grains.Kernel.Sql.";

    /// <summary>Arbitrary, but the same in every release.</summary>
    private const long AdvisoryLock = 0x6f72_6368_6d69_6701;

    /// <summary>
    /// Applies what is missing. Throws <see cref="StoreVersionException"/> when the database is newer than this
    /// program.
    /// </summary>
    public static async Task ApplyAsync(string connectionString, ILogger logger, CancellationToken cancellationToken)
    {
        var known = KnownScripts();

        // Without a pool, which would keep the connections while the silo runs.
        connectionString = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
        await using var source = PostgresDataSources.ForOnce(connectionString);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, $"select pg_advisory_lock({AdvisoryLock})", cancellationToken);
        var applied = await AppliedScriptsAsync(connection, cancellationToken);
        var unknown = applied.Except(known).Order(StringComparer.Ordinal).LastOrDefault();
        if (unknown is not null)
        {
            throw new StoreVersionException(
                $"The database has schema version {unknown} but this program knows versions up to {known[^1]}: " +
                "start the newer release that wrote it, or use another database.");
        }

        if (applied.Count < known.Count)
        {
            // DbUp is synchronous; a thread of its own keeps it off the pool.
            await Task.Factory.StartNew(
                () => Upgrade(connectionString, logger), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        await ExecuteAsync(connection, $"select pg_advisory_unlock({AdvisoryLock})", cancellationToken);
    }

    private static List<string> KnownScripts() =>
        [.. typeof(StoreMigrations).Assembly.GetManifestResourceNames()
            .Where(static name => name.StartsWith(ScriptPrefix, StringComparison.Ordinal))
            .Select(static name => name[ScriptPrefix.Length..])
            .Order(StringComparer.Ordinal)];

    private static void Upgrade(string connectionString, ILogger logger)
    {
        var result = DeployChanges.To.PostgresqlDatabase(connectionString)
            .WithScriptsEmbeddedInAssembly(
                typeof(StoreMigrations).Assembly, static name => name.StartsWith(ScriptPrefix, StringComparison.Ordinal))
            .WithScriptNameComparer(StringComparer.Ordinal)
            .JournalToPostgresqlTable("public", "orchestrator_schema_versions")
            .WithTransactionPerScript()
            .WithVariablesDisabled()
            .LogTo(new UpgradeLog(logger))
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
        {
            throw new StoreVersionException(
                $"Migrating the database failed in {result.ErrorScript?.Name ?? "preparation"}: {result.Error.Message}");
        }
    }

    private static async Task<List<string>> AppliedScriptsAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var result = new List<string>();
        await using var exists =
            new NpgsqlCommand("select to_regclass('public.orchestrator_schema_versions') is not null", connection);
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return result;
        }

        await using var read =
            new NpgsqlCommand("select scriptname from public.orchestrator_schema_versions", connection);
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var name = reader.GetString(0);
            result.Add(name.StartsWith(ScriptPrefix, StringComparison.Ordinal) ? name[ScriptPrefix.Length..] : name);
        }

        return result;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        // Waiting for the lock takes as long as another silo's migration.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed class UpgradeLog(ILogger logger) : IUpgradeLog
    {
        public void LogTrace(string format, params object[] args) => logger.LogTrace("{Message}", Text(format, args));

        public void LogDebug(string format, params object[] args) => logger.LogDebug("{Message}", Text(format, args));

        public void LogInformation(string format, params object[] args) =>
            logger.LogInformation("{Message}", Text(format, args));

        public void LogWarning(string format, params object[] args) =>
            logger.LogWarning("{Message}", Text(format, args));

        public void LogError(string format, params object[] args) => logger.LogError("{Message}", Text(format, args));

        public void LogError(Exception ex, string format, params object[] args) =>
            logger.LogError(ex, "{Message}", Text(format, args));

        private static string Text(string format, object[] args) =>
            args.Length == 0 ? format : string.Format(System.Globalization.CultureInfo.InvariantCulture, format, args);
    }
}
