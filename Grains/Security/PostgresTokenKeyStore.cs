using Npgsql;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>The keys in PostgreSQL. Several activations of their keeper may use them at a time.</summary>
internal sealed class PostgresTokenKeyStore(NpgsqlDataSource source, IClusterIdentityStore identity, TimeProvider time)
    : ITokenKeyStore
{
    private const string Select =
        "select key_id, key, signs_from, last_expiry from store.token_keys order by signs_from, key_id";

    private const string Insert =
        """
        insert into store.token_keys (key_id, key, signs_from, last_expiry) values ($1, $2, $3, $4)
        on conflict (key_id) do nothing
        """;

    private const string Extend =
        "update store.token_keys set last_expiry = greatest(last_expiry, $2) where key_id = $1";

    private const string Delete = "delete from store.token_keys where key_id = $1 and last_expiry = $2";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SigningKey>> ReadAsync(CancellationToken cancellationToken)
    {
        var keys = await SelectAsync(cancellationToken);
        if (keys.Count > 0)
        {
            return keys;
        }

        var first = await identity.GetAsync(cancellationToken);
        await AddAsync(first.FirstTokenKey(time.GetUtcNow()), cancellationToken);
        return await SelectAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task AddAsync(SigningKey key, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Insert);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key.Id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key.Pem });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = key.SignsFrom.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Seconds(key.LastExpiry) });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<bool> ExtendAsync(string id, DateTimeOffset expiry, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Extend);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Seconds(expiry) });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(SigningKey key, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Delete);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key.Id });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Seconds(key.LastExpiry) });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<List<SigningKey>> SelectAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Select);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<SigningKey>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(new SigningKey
            {
                Id = reader.GetString(0),
                Pem = reader.GetString(1),
                SignsFrom = new DateTimeOffset(reader.GetDateTime(2), TimeSpan.Zero),
                LastExpiry = Moment(reader.GetInt64(3)),
            });
        }

        return keys;
    }

    // In seconds since 1970: 0 for none, the greatest number for tokens without an end.
    private static long Seconds(DateTimeOffset expiry) =>
        expiry == SigningKey.Endless ? long.MaxValue
        : expiry == SigningKey.Nothing ? 0
        : expiry.ToUnixTimeSeconds();

    private static DateTimeOffset Moment(long seconds) => seconds switch
    {
        long.MaxValue => SigningKey.Endless,
        0 => SigningKey.Nothing,
        _ => DateTimeOffset.FromUnixTimeSeconds(seconds),
    };
}
