using Npgsql;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>Reads deletions from the change log in PostgreSQL.</summary>
public sealed class PostgresDeletionLog(NpgsqlDataSource source) : IDeletionLog
{
    private const string Sql = """
        select committed_at, namespace, name, uid, revision
        from store.changes
        where kind = 2 and name <> '' and committed_at >= $1 and resource = $2 and ($3 = '' or namespace = $3)
        order by committed_at desc, revision desc
        limit $4
        """;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Deletion>> ReadDeletionsAsync(
        ResourceName resource, string @namespace, DateTimeOffset since, int max, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = source.CreateCommand(Sql);
            command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = since.ToUniversalTime() });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = resource.ToString() });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = @namespace });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = max });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var found = new List<Deletion>();
            while (await reader.ReadAsync(cancellationToken))
            {
                found.Add(new Deletion(
                    new ObjectKey(reader.GetString(1), reader.GetString(2)), reader.GetString(3), reader.GetInt64(4),
                    reader.GetFieldValue<DateTimeOffset>(0)));
            }

            return found;
        }
        catch (NpgsqlException failure)
        {
            throw new StoreUnavailableException($"the change log cannot be read now: {failure.Message}");
        }
    }
}
