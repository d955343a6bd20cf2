using Npgsql;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// The networks that the silos of a cluster give out, noted beside the objects that hold addresses of them: a backup
/// takes them along.
/// </summary>
/// <param name="Pods">Of all pods; with a comma, one of each family.</param>
/// <param name="Services">Of the Services' addresses.</param>
/// <param name="NodePorts">Ports of every node that Services get, <c>FIRST-LAST</c>.</param>
public sealed record StoreNetworks(string Pods, string Services, string NodePorts)
{
    private const string IsThere = "select to_regclass('store.networks') is not null";

    private const string Select = "select pods, services, node_ports from store.networks";

    /// <summary>Parameters: pods, services, node ports.</summary>
    private const string Upsert =
        """
        insert into store.networks (pods, services, node_ports) values ($1, $2, $3)
        on conflict (is_only) do update
        set pods = excluded.pods, services = excluded.services, node_ports = excluded.node_ports
        """;

    /// <summary>
    /// What the silo that started last has noted; null in an empty database, or an earlier release's.
    /// </summary>
    public static async Task<StoreNetworks?> ReadAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = PostgresDataSources.ForOnce(connectionString);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var exists = new NpgsqlCommand(IsThere, connection);
        if (!(bool)(await exists.ExecuteScalarAsync(cancellationToken))!)
        {
            return null;
        }

        await using var command = new NpgsqlCommand(Select, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new StoreNetworks(reader.GetString(0), reader.GetString(1), reader.GetString(2))
            : null;
    }

    /// <summary>Notes what a silo gives out, when it starts.</summary>
    public async Task NoteAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Upsert, connection);
        foreach (var text in new[] { Pods, Services, NodePorts })
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = text });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
