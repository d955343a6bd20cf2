using System.Text;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>The store holds what the keys of this silo cannot read; the message says what to do.</summary>
public sealed class StoreKeyException(string message) : Exception(message);

/// <summary>
/// With which keys values of which resources were ever written: a row for each, noted before the first write, with a
/// text that only the same key can read. A silo is compared with them before it starts, so that one without the keys
/// of the others, or with other bytes under the same name, neither serves errors nor writes what the others cannot
/// read.
/// </summary>
public static class StoreKeys
{
    private const string Insert =
        """
        insert into store.encryption_keys (resource, prefix, proof) values ($1, $2, $3) on conflict do nothing
        """;

    private const string IsThere = "select to_regclass('store.encryption_keys') is not null";

    private const string Select = "select resource, prefix, proof from store.encryption_keys order by resource, prefix";

    /// <summary>Parameters: resource, prefix.</summary>
    private const string Count =
        """
        select (select count(*) from store.objects where resource = $1 and substring(body from 1 for length($2)) = $2),
               (select count(*) from store.changes where resource = $1 and substring(body from 1 for length($2)) = $2)
        """;

    /// <summary>Fails when the store holds what the configuration (null for none) cannot read.</summary>
    public static async Task CheckAsync(
        string connectionString, EncryptionConfiguration? configuration, CancellationToken cancellationToken)
    {
        await using var source = PostgresDataSources.ForOnce(connectionString);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await CheckAsync(connection, configuration, cancellationToken);
    }

    /// <inheritdoc cref="CheckAsync(string, EncryptionConfiguration?, CancellationToken)"/>
    public static async Task CheckAsync(
        NpgsqlConnection connection, EncryptionConfiguration? configuration, CancellationToken cancellationToken)
    {
        foreach (var (resource, prefix, proof) in await ReadAsync(connection, cancellationToken))
        {
            var name = ResourceName.Parse(resource);
            var problem = configuration is null ? "no key is configured"
                : configuration.Find(name) is not { } encryption ? "the configuration does not name the resource"
                : encryption.Disprove(proof, ProofKey(name));
            if (problem is not null)
            {
                await RequireNoneAsync(connection, name, prefix, problem, cancellationToken);
            }
        }
    }

    /// <summary>Notes that values of a resource will be written with a key.</summary>
    internal static async Task NoteAsync(
        NpgsqlDataSource source, ResourceName resource, ResourceEncryption encryption,
        CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Insert);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = resource.ToString() });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = encryption.WritesWith });
        command.Parameters.Add(new NpgsqlParameter<byte[]>
        {
            TypedValue = encryption.Prove(ProofKey(resource)),
        });
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (NpgsqlException error)
        {
            throw new StoreUnavailableException($"PostgreSQL failed: {error.Message}");
        }
    }

    private static byte[] ProofKey(ResourceName resource) => Encoding.UTF8.GetBytes(resource.ToString());

    private static async Task<List<(string Resource, string Prefix, byte[] Proof)>> ReadAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var result = new List<(string, string, byte[])>();
        await using var exists = new NpgsqlCommand(IsThere, connection);
        if (!(bool)(await exists.ExecuteScalarAsync(cancellationToken))!)
        {
            return result; // an empty store, or one of a release that encrypted nothing
        }

        await using var command = new NpgsqlCommand(Select, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            result.Add((reader.GetString(0), reader.GetString(1), reader.GetFieldValue<byte[]>(2)));
        }

        return result;
    }

    private static async Task RequireNoneAsync(
        NpgsqlConnection connection, ResourceName resource, string prefix, string problem,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Count, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = resource.ToString() });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = Encoding.UTF8.GetBytes(prefix) });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (objects, versions) = (reader.GetInt64(0), reader.GetInt64(1));
        if (objects + versions > 0)
        {
            throw new StoreKeyException(
                $"The store holds {objects} object(s) of {resource.Qualified}, and {versions} version(s) in the " +
                $"change log, that were encrypted with {prefix} and cannot be read ({problem}): start this silo with " +
                "the --encryption-provider-config of the silos that wrote them.");
        }
    }
}
