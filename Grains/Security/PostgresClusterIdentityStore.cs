using Npgsql;
using Orleans.Serialization;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>
/// The identity in PostgreSQL, in a table of its own: silos prove themselves to each other with certificates that it
/// signs, so it must be had before the first grain call between silos. Of several silos that start on an empty database
/// the first insert wins. A database of the first release has the identity as the state of a grain, from where it is
/// taken over.
/// </summary>
internal sealed class PostgresClusterIdentityStore(NpgsqlDataSource source, Serializer serializer, TimeProvider time)
    : IClusterIdentityStore
{
    private const string Select =
        "select cluster_id, authority, authority_key, token_key_id, token_key from store.identity";

    private const string Insert =
        """
        insert into store.identity (cluster_id, authority, authority_key, token_key_id, token_key)
        values ($1, $2, $3, $4, $5)
        on conflict do nothing
        """;

    private const string SelectGrainState =
        "select payload from orleans.grain_storage where grain_type = 'identity' and payload is not null";

    /// <inheritdoc/>
    public async Task<ClusterIdentity> GetAsync(CancellationToken cancellationToken)
    {
        if (await ReadAsync(cancellationToken) is { } present)
        {
            return present;
        }

        var known = await ReadGrainStateAsync(cancellationToken);
        await InsertAsync(known ?? ClusterIdentity.Create(time.GetUtcNow()), cancellationToken);
        return await ReadAsync(cancellationToken)
            ?? throw new InvalidOperationException(
                "store.identity is empty after an insert: restore the database from a backup.");
    }

    private async Task<ClusterIdentity?> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Select);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return !await reader.ReadAsync(cancellationToken) ? null : new ClusterIdentity
        {
            ClusterId = reader.GetString(0),
            AuthorityPem = reader.GetString(1),
            AuthorityKeyPem = reader.GetString(2),
            TokenKeyId = reader.GetString(3),
            TokenKeyPem = reader.GetString(4),
        };
    }

    private async Task<ClusterIdentity?> ReadGrainStateAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(SelectGrainState);
        return await command.ExecuteScalarAsync(cancellationToken) is byte[] payload
            && serializer.Deserialize<ClusterIdentityState>(payload) is { ClusterId.Length: > 0 } state
            ? new ClusterIdentity
            {
                ClusterId = state.ClusterId,
                AuthorityPem = state.AuthorityPem,
                AuthorityKeyPem = state.AuthorityKeyPem,
                TokenKeyId = state.TokenKeyId,
                TokenKeyPem = state.TokenKeyPem,
            }
            : null;
    }

    private async Task InsertAsync(ClusterIdentity identity, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Insert);
        string[] values =
        [
            identity.ClusterId, identity.AuthorityPem, identity.AuthorityKeyPem, identity.TokenKeyId, identity.TokenKeyPem,
        ];
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
