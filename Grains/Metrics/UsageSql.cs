using System.Data;
using Npgsql;
using NpgsqlTypes;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>Whose figures something holds.</summary>
internal readonly record struct UsageOf(string Namespace, string Name, string Container, string Node, string Owner);

/// <summary>A row of blocks, unpacked.</summary>
/// <param name="Of">Whose it is; node and owner are the last ones.</param>
/// <param name="Start">The time of the first point.</param>
/// <param name="Values">By metric, then by point.</param>
internal sealed record UsageBlock(UsageOf Of, DateTimeOffset Start, long?[][] Values)
{
    public static long?[][] Empty(int points) =>
        [.. Enumerable.Range(0, UsageSeries.Metrics).Select(_ => new long?[points])];

    public bool IsSame(UsageBlock other) => (Of.Namespace, Of.Name, Of.Container)
        == (other.Of.Namespace, other.Of.Name, other.Of.Container);
}

/// <summary>The statements of the history; all are look-ups and ranges by primary key.</summary>
internal static class UsageSql
{
    public const string Made = "select level, started_at from store.metric_blocks_made";

    public const string OldestRound = "select slot from store.metric_rounds order by slot limit 1";

    private const string BlockColumns =
        "started_at, namespace, name, container, node, owner, cpu, memory, network_received, network_sent, disk_read, "
        + "disk_written, restarts";

    private const string RoundColumns =
        "slot, namespace, names, containers, nodes, owners, cpu, memory, network_received, network_sent, disk_read, "
        + "disk_written, restarts";

    private const int FirstBlockValue = 6;
    private const int FirstRoundValue = 6;

    /// <summary>Adds a namespace's part of a round; what is there stays.</summary>
    public static NpgsqlBatchCommand WriteRound(long slot, string home, IReadOnlyList<UsageLine> lines)
    {
        var command = new NpgsqlBatchCommand(
            $"insert into store.metric_rounds ({RoundColumns}) "
            + "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing");
        var to = command.Parameters;
        to.Add(new NpgsqlParameter<long> { TypedValue = slot });
        to.Add(new NpgsqlParameter<string> { TypedValue = home });
        to.Add(Texts(lines.Select(static l => l.Of.Name)));
        to.Add(Texts(lines.Select(static l => l.Of.Container)));
        to.Add(Texts(lines.Select(static l => l.Of.Node)));
        to.Add(Texts(lines.Select(static l => l.Of.Owner)));
        for (var metric = 0; metric < UsageSeries.Metrics; metric++)
        {
            var of = metric;
            to.Add(new NpgsqlParameter<long?[]>
            {
                TypedValue = [.. lines.Select(l => l.Values[of])],
                NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint,
            });
        }

        return command;
    }

    /// <summary>Rounds from a slot to before another, of one namespace or (null) all.</summary>
    public static NpgsqlCommand ReadRounds(NpgsqlConnection connection, long from, long to, string? home) => Command(
        connection,
        $"select {RoundColumns} from store.metric_rounds where slot >= $1 and slot < $2 "
        + "and ($3::text is null or namespace = $3) order by slot",
        new NpgsqlParameter<long> { TypedValue = from }, new NpgsqlParameter<long> { TypedValue = to }, Text(home));

    /// <summary>The lines of a row of rounds.</summary>
    public static IEnumerable<(UsageOf Of, long?[] Values, DateTimeOffset Time)> Round(NpgsqlDataReader row)
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(0) * UsageRound.PeriodSeconds);
        var home = row.GetString(1);
        string[] Names(int column) => row.GetFieldValue<string[]>(column);
        var (names, containers, nodes, owners) = (Names(2), Names(3), Names(4), Names(5));
        var values = new long?[UsageSeries.Metrics][];
        for (var metric = 0; metric < values.Length; metric++)
        {
            values[metric] = row.GetFieldValue<long?[]>(FirstRoundValue + metric);
        }

        for (var i = 0; i < names.Length; i++)
        {
            var at = i;
            yield return (
                new UsageOf(home, names[i], containers[i], nodes[i], owners[i]),
                Array.ConvertAll(values, v => v[at]),
                time);
        }
    }

    public static async Task<IReadOnlyList<string>> NamespacesAsync(
        NpgsqlConnection connection, long from, long to, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection, "select distinct namespace from store.metric_rounds where slot >= $1 and slot < $2",
            new NpgsqlParameter<long> { TypedValue = from }, new NpgsqlParameter<long> { TypedValue = to });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetString(0));
        }

        return found;
    }

    public static Task DeleteRoundsAsync(
        NpgsqlConnection connection, long before, CancellationToken cancellationToken) => ExecuteAsync(
        connection, "delete from store.metric_rounds where slot < $1", cancellationToken,
        new NpgsqlParameter<long> { TypedValue = before });

    /// <summary>Takes it on oneself to make a block; false when it has been made.</summary>
    public static async Task<bool> NoteMadeAsync(
        NpgsqlConnection connection, UsageLevel level, DateTimeOffset start, CancellationToken cancellationToken) =>
        await ExecuteAsync(
            connection,
            "insert into store.metric_blocks_made (level, started_at) values ($1, $2) on conflict do nothing",
            cancellationToken, Level(level), Time(start)) == 1;

    /// <summary>Writes rows of a block, packed.</summary>
    public static async Task WriteBlocksAsync(
        NpgsqlConnection connection, UsageLevel level, DateTimeOffset start, IReadOnlyList<UsageBlock> rows,
        CancellationToken cancellationToken)
    {
        if (rows.Count == 0)
        {
            return;
        }

        await using var import = await connection.BeginBinaryImportAsync(
            $"copy store.metric_blocks (level, {BlockColumns}) from stdin (format binary)", cancellationToken);
        foreach (var row in rows)
        {
            await import.StartRowAsync(cancellationToken);
            await import.WriteAsync(level.Number, NpgsqlDbType.Smallint, cancellationToken);
            await import.WriteAsync(start.ToUniversalTime(), NpgsqlDbType.TimestampTz, cancellationToken);
            var of = row.Of;
            foreach (var text in (string[])[of.Namespace, of.Name, of.Container, of.Node, of.Owner])
            {
                await import.WriteAsync(text, NpgsqlDbType.Text, cancellationToken);
            }

            foreach (var column in row.Values)
            {
                await import.WriteAsync(SampleCodec.Encode(column), NpgsqlDbType.Bytea, cancellationToken);
            }
        }

        await import.CompleteAsync(cancellationToken);
    }

    /// <summary>Rows of blocks that a query may want.</summary>
    public static NpgsqlCommand ReadBlocks(
        NpgsqlConnection connection, UsageLevel level, IReadOnlyList<DateTimeOffset> starts, UsageQuery query) =>
        Command(
            connection,
            $"select {BlockColumns} from store.metric_blocks where level = $1 and started_at = any($2) "
            + "and ($3::text is null or namespace = $3) and ($4::text is null or name = $4) "
            + "and ($5::text is null or node = $5) and ($6::text is null or owner = $6)",
            Level(level), Times(starts), Text(query.Namespace), Text(query.Name), Text(query.Node), Text(query.Owner));

    /// <summary>
    /// The first rows of some blocks after a series, those of one series together, the oldest first.
    /// </summary>
    public static NpgsqlCommand ReadBlocksInOrder(
        NpgsqlConnection connection, UsageLevel level, IReadOnlyList<DateTimeOffset> starts, UsageOf after,
        int limit) => Command(
            connection,
            $"select {BlockColumns} from store.metric_blocks where level = $1 and started_at = any($2) "
            + "and (namespace, name, container) > ($3, $4, $5) "
            + "order by namespace, name, container, started_at limit $6",
            Level(level), Times(starts), Text(after.Namespace), Text(after.Name), Text(after.Container),
            new NpgsqlParameter<int> { TypedValue = limit });

    /// <summary>A row of blocks, read from left to right.</summary>
    public static UsageBlock Block(NpgsqlDataReader row, int points)
    {
        var start = row.GetFieldValue<DateTimeOffset>(0);
        var of = new UsageOf(row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5));
        var values = UsageBlock.Empty(points);
        for (var metric = 0; metric < values.Length; metric++)
        {
            SampleCodec.Decode(row.GetFieldValue<byte[]>(FirstBlockValue + metric), values[metric]);
        }

        return new UsageBlock(of, start, values);
    }

    /// <summary>Drops a level's blocks that began before a time.</summary>
    public static async Task DropAsync(
        NpgsqlConnection connection, UsageLevel level, DateTimeOffset before, CancellationToken cancellationToken)
    {
        foreach (var table in (string[])["metric_blocks", "metric_blocks_made"])
        {
            await ExecuteAsync(
                connection, $"delete from store.{table} where level = $1 and started_at < $2", cancellationToken,
                Level(level), Time(before));
        }
    }

    /// <summary>What the tables take on the disk that is not free for new rows.</summary>
    public static async Task<long> BytesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection, "select coalesce(sum(pg_column_size(b.*)), 0)::bigint from store.metric_blocks b");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Drops the oldest block of the finest level that has more than one; null when there is none.</summary>
    public static async Task<DateTimeOffset?> DropOldestAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            """
            with oldest as (
                select level, min(started_at) as started_at from store.metric_blocks_made
                group by level having count(*) > 1 order by level limit 1),
            gone as (
                delete from store.metric_blocks b using oldest o
                where b.level = o.level and b.started_at = o.started_at)
            delete from store.metric_blocks_made m using oldest o
            where m.level = o.level and m.started_at = o.started_at
            returning m.started_at
            """);
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime time
            ? new DateTimeOffset(time.ToUniversalTime(), TimeSpan.Zero)
            : null;
    }

    private static async Task<int> ExecuteAsync(
        NpgsqlConnection connection, string text, CancellationToken cancellationToken,
        params NpgsqlParameter[] parameters)
    {
        await using var command = Command(connection, text, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlCommand Command(
        NpgsqlConnection connection, string text, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(text, connection);
        command.Parameters.AddRange(parameters);
        return command;
    }

    private static NpgsqlParameter Level(UsageLevel level) => new NpgsqlParameter<short> { TypedValue = level.Number };

    private static NpgsqlParameter Time(DateTimeOffset time) => new NpgsqlParameter<DateTime>
    {
        TypedValue = time.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz,
    };

    private static NpgsqlParameter Times(IEnumerable<DateTimeOffset> times) => new NpgsqlParameter<DateTime[]>
    {
        TypedValue = [.. times.Select(static t => t.UtcDateTime)],
        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz,
    };

    private static NpgsqlParameter Texts(IEnumerable<string> texts) => new NpgsqlParameter<string[]>
    {
        TypedValue = [.. texts], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
    };

    private static NpgsqlParameter Text(string? text) =>
        new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
}
