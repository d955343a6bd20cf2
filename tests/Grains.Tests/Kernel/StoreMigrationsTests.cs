using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>Schema versions: applied once, by one of many, and never downwards.</summary>
public sealed class StoreMigrationsTests
{
    private static readonly string[] Scripts =
    [
        .. typeof(StoreMigrations).Assembly.GetManifestResourceNames().Where(
            static name => name.EndsWith(".sql", StringComparison.Ordinal))
            .Select(static name => string.Join('.', name.Split('.')[^2..])).Order(StringComparer.Ordinal),
    ];

    [Fact]
    public async Task Silos_that_start_together_migrate_once()
    {
        var connectionString = await PostgresFixture.CreateEmptyDatabaseAsync();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
            StoreMigrations.ApplyAsync(connectionString, NullLogger.Instance, CancellationToken.None)));

        Assert.Equal(
            (long)Scripts.Length,
            await ExecuteAsync(connectionString, "select count(*) from public.orchestrator_schema_versions"));
    }

    [Fact]
    public async Task A_newer_database_is_refused_with_one_sentence()
    {
        var connectionString = await PostgresFixture.CreateDatabaseAsync();
        await ExecuteAsync(
            connectionString,
            "insert into public.orchestrator_schema_versions (scriptname, applied) values ('9999-future.sql', now())");

        var refusal = await Assert.ThrowsAsync<StoreVersionException>(() =>
            StoreMigrations.ApplyAsync(connectionString, NullLogger.Instance, CancellationToken.None));

        Assert.Equal(
            $"The database has schema version 9999-future.sql but this program knows versions up to {Scripts[^1]}: " +
            "start the newer release that wrote it, or use another database.",
            refusal.Message);
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
