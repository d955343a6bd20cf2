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
        """
        select cluster_id, authority, authority_key, token_key_id, token_key, proxy_authority, proxy_authority_key
        from store.identity
        """;

    private const string Insert =
        """
        insert into store.identity
            (cluster_id, authority, authority_key, token_key_id, token_key, proxy_authority, proxy_authority_key)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (only_row) do update set
            proxy_authority = excluded.proxy_authority, proxy_authority_key = excluded.proxy_authority_key
            where store.identity.proxy_authority is null
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

        // Of an identity that is there already, only what releases before did not have yet is added.
        var made = ClusterIdentity.Create(time.GetUtcNow());
        await InsertAsync(await ReadGrainStateAsync(made, cancellationToken) ?? made, cancellationToken);
        return await ReadAsync(cancellationToken)
            ?? throw new InvalidOperationException(
                "store.identity is empty after an insert: restore the database from a backup.");
    }

    /// <summary>Null when there is none, or one of a release that knew no authority for proxies.</summary>
    private async Task<ClusterIdentity?> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Select);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return !await reader.ReadAsync(cancellationToken) || reader.IsDBNull(5) ? null : new ClusterIdentity
        {
            ClusterId = reader.GetString(0),
            AuthorityPem = reader.GetString(1),
            AuthorityKeyPem = reader.GetString(2),
            TokenKeyId = reader.GetString(3),
            TokenKeyPem = reader.GetString(4),
            ProxyAuthorityPem = reader.GetString(5),
            ProxyAuthorityKeyPem = reader.GetString(6),
        };
    }

    private async Task<ClusterIdentity?> ReadGrainStateAsync(
        ClusterIdentity made, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(SelectGrainState);
        return await command.ExecuteScalarAsync(cancellationToken) is byte[] payload
            && serializer.Deserialize<ClusterIdentityState>(payload) is { ClusterId.Length: > 0 } state
            ? made with
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
            identity.ProxyAuthorityPem, identity.ProxyAuthorityKeyPem,
        ];
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
