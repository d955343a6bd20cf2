using Npgsql;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>Asks PostgreSQL for the size of the database: it adds up the sizes of its files.</summary>
public sealed class PostgresStoreSize(NpgsqlDataSource source) : IStoreSize
{
    /// <inheritdoc/>
    public async Task<long> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select pg_database_size(current_database())");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
