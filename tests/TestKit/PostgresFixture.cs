using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Kernel;

namespace OrleansOrchestrator.TestKit;

/// <summary>
/// The PostgreSQL that all tests of an assembly share, each with a database of its own. Started by the first that asks,
/// gone with the process.
/// </summary>
public static class PostgresFixture
{
    private const string Template = "migrated";

    private static readonly Lazy<Task<PostgresServer>> Shared = new(StartAsync);

    /// <summary>The connection string of a new database with the current schema.</summary>
    public static async Task<string> CreateDatabaseAsync() => await (await Shared.Value).CreateDatabaseAsync(Template);

    /// <summary>The connection string of a new database without any schema.</summary>
    public static async Task<string> CreateEmptyDatabaseAsync() => await (await Shared.Value).CreateDatabaseAsync();

    /// <summary>A server of a test's own, to be killed; its database has the current schema.</summary>
    public static async Task<(PostgresServer Server, string ConnectionString)> StartOwnAsync()
    {
        var server = await PostgresServer.StartAsync();
        var connectionString = await server.CreateDatabaseAsync();
        await StoreMigrations.ApplyAsync(connectionString, NullLogger.Instance, CancellationToken.None);
        return (server, connectionString);
    }

    /// <summary>
    /// Frees what silos that are gone had: without a membership nobody tells the next ones that they are, and one that
    /// was hurried at its end leaves its journals in the directory.
    /// </summary>
    public static async Task ForgetSilosAsync(string connectionString)
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("delete from store.activations");
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<PostgresServer> StartAsync()
    {
        var server = await PostgresServer.StartAsync();
        var connectionString = await server.CreateDatabaseAsync();
        await StoreMigrations.ApplyAsync(connectionString, NullLogger.Instance, CancellationToken.None);
        Npgsql.NpgsqlConnection.ClearAllPools();
        await using var connection = new Npgsql.NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var rename = connection.CreateCommand();
        rename.CommandText = $"alter database {new Npgsql.NpgsqlConnectionStringBuilder(connectionString).Database} rename to {Template}";
        await rename.ExecuteNonQueryAsync();
        return server;
    }
}
