using Npgsql;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// How many connections to PostgreSQL a silo may hold: one for its pulse, and three pools, for the journals, of which
/// each has one statement in flight, for Orleans' own tables, and for logs. Whoever finds a pool used up waits for his
/// turn; so the bound costs time under load, while connections beyond what the server takes are refused to all silos.
/// </summary>
public sealed record StoreConnections
{
    /// <summary>Below this the pools block each other.</summary>
    public const int Fewest = 5;

    private const int Pulse = 1;

    /// <summary>Five silos fit a server as it is installed, which takes 97.</summary>
    public static StoreConnections Default { get; } = new(18);

    /// <summary>Takes how many connections a silo may hold in all, <see cref="Fewest"/> at least.</summary>
    public StoreConnections(int total)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(total, Fewest);
        Total = total;
        Orleans = Math.Max(2, total / 3);
        Logs = Math.Clamp(total / 8, 1, 4);
    }

    public int Total { get; }

    /// <summary>For membership, reminders and grain storage.</summary>
    public int Orleans { get; }

    /// <summary>For what nodes send of logs, and for searches.</summary>
    public int Logs { get; }

    /// <summary>For journals, the grain directory and the cluster's identity.</summary>
    public int Journals => Total - Orleans - Logs - Pulse;

    /// <summary>
    /// Asks the server whether it has room for them; call before a silo starts. Throws <see
    /// cref="StoreVersionException"/>, whose message says what to do, when it has not.
    /// </summary>
    public async Task<ConnectionRoom> CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Room, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var room = new ConnectionRoom(reader.GetInt32(0), (int)reader.GetInt64(1), (int)reader.GetInt64(2));
        if (room.Limit - room.Used < Total)
        {
            throw new StoreVersionException(
                $"PostgreSQL takes {room.Limit} connections, of which {room.Used} are in use, and a silo needs up to {Total}: " +
                "raise its max_connections, or give every silo fewer with --store-connections.");
        }

        return room;
    }

    // What is reserved for administrators, and what the bounds of role and database exclude, is no room. The session
    // that asks does not count.
    private const string Room =
        """
        select
            (select min(bound) from (
                select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                    - coalesce(current_setting('reserved_connections', true)::int, 0)
                union all select rolconnlimit from pg_roles where rolname = current_user and rolconnlimit >= 0
                union all select datconnlimit from pg_database where datname = current_database() and datconnlimit >= 0
            ) as bounds(bound)),
            (select greatest(0, coalesce(sum(numbackends), 0) - 1) from pg_stat_database),
            (select count(distinct silo) from store.api_servers where expires_at > now())
        """;
}

/// <summary>What room PostgreSQL had for a silo.</summary>
/// <param name="Limit">Connections that it takes from silos, of all of them.</param>
/// <param name="Used">How many there were.</param>
/// <param name="Silos">How many other silos served.</param>
public sealed record ConnectionRoom(int Limit, int Used, int Silos);
