using Npgsql;
using Orleans.Runtime;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// The numbers by which silos see that others run, in PostgreSQL. Synchronous and with a connection of its own, because
/// its caller is a thread that must wait for nothing else. Not thread-safe.
/// </summary>
internal sealed class SiloPulseTable(string connectionString) : IDisposable
{
    private const string BeatSql =
        """
        with mine as (
            insert into store.pulses as p (silo, beat) values ($1, 1) on conflict (silo) do update set beat = p.beat + 1
        )
        select silo, beat from store.pulses where silo <> $1
        """;

    /// <summary>Whoever had this address before has ended, perhaps without taking its number away.</summary>
    private const string ReplaceSql =
        "delete from store.pulses where silo <> $1 and split_part(silo, '@', 1) = split_part($1, '@', 1)";

    private const string LeaveSql = "delete from store.pulses where silo = $1";

    private NpgsqlConnection? _connection;
    private bool _hasBegun;

    /// <summary>Raises the number of a silo, and returns those of the others.</summary>
    public IReadOnlyDictionary<string, long> Beat(SiloAddress self)
    {
        if (!_hasBegun)
        {
            using var replace = Command(ReplaceSql, self);
            replace.ExecuteNonQuery();
            _hasBegun = true;
        }

        using var command = Command(BeatSql, self);
        using var reader = command.ExecuteReader();
        var numbers = new Dictionary<string, long>(StringComparer.Ordinal);
        while (reader.Read())
        {
            numbers[reader.GetString(0)] = reader.GetInt64(1);
        }

        return numbers;
    }

    /// <summary>
    /// Takes a silo's number away; that of one that could not do so stands still, which harms nobody, until another has
    /// its address.
    /// </summary>
    public void Leave(SiloAddress self)
    {
        try
        {
            using var command = Command(LeaveSql, self);
            command.ExecuteNonQuery();
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException or TimeoutException)
        {
            // It is about to end, and the number with it.
        }

        Close();
    }

    /// <summary>Ends the connection; the next call opens another.</summary>
    public void Close()
    {
        _connection?.Dispose();
        _connection = null;
    }

    public void Dispose() => Close();

    private NpgsqlCommand Command(string sql, SiloAddress self)
    {
        if (_connection is null)
        {
            var connection = new NpgsqlConnection(connectionString);
            _connection = connection;
            connection.Open();
        }

        var command = new NpgsqlCommand(sql, _connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = self.ToParsableString() });
        return command;
    }
}
