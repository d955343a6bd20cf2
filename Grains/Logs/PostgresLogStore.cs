using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using OrleansOrchestrator.Interfaces.Logs;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Grains.Logs;

/// <summary>
/// The store of logs in PostgreSQL, with connections of its own: searches take none from the journals.
/// </summary>
public sealed class PostgresLogStore(NpgsqlDataSource source, IGrainFactory grains) : ILogStore
{
    /// <summary>Segments that one merging looks at, of all namespaces.</summary>
    private const int MergeLookout = 5000;

    /// <inheritdoc/>
    public async Task<LogStream> OpenStreamAsync(LogStream stream, CancellationToken cancellationToken)
    {
        var name = stream.Name;
        for (var attempt = 1; ; attempt++)
        {
            var found = await QueryAsync(
                PostgresLogSql.OpenStream,
                [
                    name.Namespace, name.Pod, name.Uid, name.Container, name.Restart, stream.Node,
                    new NpgsqlParameter
                    {
                        NpgsqlDbType = NpgsqlDbType.Jsonb, Value = JsonSerializer.Serialize(stream.Labels),
                    },
                    stream.WorkloadKind, stream.Workload,
                ],
                ReadStream,
                cancellationToken);
            if (found is [var opened] || attempt > 1)
            {
                return found[0];
            }

            // Somebody added it after this statement had begun: the next one sees it.
        }
    }

    /// <inheritdoc/>
    public async Task<LogStream?> FindStreamAsync(StreamName name, CancellationToken cancellationToken) =>
        (await QueryAsync(
            PostgresLogSql.FindStream, [name.Uid, name.Container, name.Restart], ReadStream, cancellationToken))
        .FirstOrDefault(s => s.Name == name);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogStream>> ReadStreamsAsync(
        IReadOnlyCollection<long> streams, CancellationToken cancellationToken) =>
        QueryAsync(PostgresLogSql.ReadStreams, [streams.ToArray()], ReadStream, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogStream>> FindStreamsAsync(
        StreamFilter filter, int limit, CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<LogStream>>(
            async connection =>
            {
                await using var command = Command(
                    connection,
                    PostgresLogSql.FindStreams,
                    [
                        filter.Namespace, filter.Pod, filter.Container, filter.Node, filter.WorkloadKind,
                            filter.Workload,
                        filter.Stream,
                    ]);
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                var found = new List<LogStream>();
                while (found.Count < limit && await reader.ReadAsync(cancellationToken))
                {
                    if (ReadStream(reader) is var stream && filter.Labels?.Invoke(stream.Labels) != false)
                    {
                        found.Add(stream);
                    }
                }

                if (found.Count == limit)
                {
                    command.Cancel();
                }

                return found;
            },
            cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> AppendAsync(
        IReadOnlyList<BatchRun> runs, IReadOnlyList<NewSegment> segments, CancellationToken cancellationToken)
    {
        var appended = await RunAsync(
            async connection =>
            {
                await using var command = Command(
                    connection,
                    PostgresLogSql.Append,
                    [
                        Each(runs, static r => r.Stream), Each(runs, static r => r.Sequence),
                            Each(runs, static r => r.Count),
                        Each(runs, static r => r.File), Each(runs, static r => r.Offset),
                        .. SegmentColumns(segments, static s =>
                            (short)(s.Segment.RawBytes >= LogSegment.TargetBytes / 2 ? SentFullTier : 0)),
                    ]);
                return await command.ExecuteScalarAsync(cancellationToken) is true;
            },
            cancellationToken);
        if (appended && segments.Count > 0)
        {
            await grains.GetGrain<ILogArrivalsGrain>(0).ArrivedAsync();
        }

        return appended;
    }

    /// <summary>The tier of segments that are large enough not to be merged any more.</summary>
    internal const short FullTier = 100;

    /// <summary>The tier of those that were as large when they came: never merged, but told to who follows.</summary>
    internal const short SentFullTier = -1;

    /// <inheritdoc/>
    public Task<IReadOnlyList<SegmentEntry>> ListSegmentsAsync(
        SegmentFilter filter, CancellationToken cancellationToken) =>
        QueryAsync(
            PostgresLogSql.ListSegments + (filter.OldestFirst ? PostgresLogSql.OldestFirst
                : PostgresLogSql.NewestFirst),
            [
                filter.Namespace.Length == 0 ? Array.Empty<string>()
                    : LogSpaces.Of(filter.Namespace, filter.Origins).ToArray(),
                filter.From, filter.To, (short)filter.AtLeast,
                new NpgsqlParameter
                {
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint,
                    Value = filter.Streams is { } streams ? streams.ToArray() : DBNull.Value,
                },
                filter.Words.Select(WordFilter.Place).ToArray(), filter.Limit,
                new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Bigint,
                    Value = filter.FreshAfter ?? (object)DBNull.Value },
                new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Boolean, Value = OnlyEvents(filter) },
            ],
            static r => new SegmentEntry(
                r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.GetInt32(3),
                r.IsDBNull(4) ? [] : r.GetFieldValue<byte[]>(4)),
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<SegmentBody>> ReadSegmentsAsync(
        IReadOnlyCollection<long> segments, CancellationToken cancellationToken) =>
        QueryAsync(
            PostgresLogSql.ReadSegments,
            [segments.ToArray()],
            static r => new SegmentBody(r.GetInt64(0), r.GetFieldValue<byte[]>(1)),
            cancellationToken);

    /// <inheritdoc/>
    public Task<long> NewestSegmentAsync(CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                await using var command = Command(connection, PostgresLogSql.NewestSegment, []);
                return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<long> WaitAsync(long mark, CancellationToken cancellationToken) =>
        grains.GetGrain<ILogArrivalsGrain>(0).WaitAsync(mark, cancellationToken);

    /// <summary>Segments of one tier, by namespace in the order of time, where there are at least so many.</summary>
    internal Task<IReadOnlyList<(string Namespace, long[] Ids, int[] RawBytes)>> FindMergeableAsync(
        short tier, int fewest, CancellationToken cancellationToken) =>
        QueryAsync(
            PostgresLogSql.FindMergeable,
            [tier, MergeLookout, fewest],
            static r => (r.GetString(0), r.GetFieldValue<long[]>(1), r.GetFieldValue<int[]>(2)),
            cancellationToken);

    /// <summary>
    /// Puts segments in the place of others; false, and nothing is done, when one of those is gone or replaced already.
    /// </summary>
    internal Task<bool> ReplaceAsync(
        long[] old, IReadOnlyList<NewSegment> segments, short tier, CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                await using var retire = Command(connection, PostgresLogSql.Retire, [old]);
                if (await retire.ExecuteNonQueryAsync(cancellationToken) != old.Length)
                {
                    return false;
                }

                var none = Array.Empty<long>();
                await using var add = Command(
                    connection,
                    PostgresLogSql.Append,
                    [
                        none, none, Array.Empty<int>(), none, none,
                        .. SegmentColumns(segments, s => s.Segment.RawBytes >= LogSegment.TargetBytes / 2 ? FullTier
                            : tier),
                    ]);
                await add.ExecuteScalarAsync(cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return true;
            },
            cancellationToken);

    /// <summary>Drops what is older than retention, or too much, and what has been replaced for a while.</summary>
    /// <returns>How many segments were dropped that had not been replaced.</returns>
    internal async Task<int> DropAsync(
        LogStoreOptions options, DateTimeOffset now, TimeSpan readersGrace, CancellationToken cancellationToken)
    {
        await ExecuteAsync(PostgresLogSql.DropRetired, [readersGrace], cancellationToken);
        var oldest = LogTime.Of(now - options.Retention);
        var dropped = await ExecuteAsync(PostgresLogSql.DropOld, [oldest], cancellationToken);
        if (await StoredBytesAsync(cancellationToken) > options.MaxBytes)
        {
            dropped += await ExecuteAsync(PostgresLogSql.DropAbove, [options.MaxBytes], cancellationToken);
        }

        // A container that is silent for a month longer than its last lines are kept is read anew when it speaks.
        await ExecuteAsync(
            PostgresLogSql.DropStreams, [options.Retention + TimeSpan.FromDays(30)], cancellationToken);
        return dropped;
    }

    /// <summary>What all segments take.</summary>
    internal Task<long> StoredBytesAsync(CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                await using var command = Command(connection, PostgresLogSql.StoredBytes, []);
                return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
            },
            cancellationToken);

    /// <summary>Null where a namespace, or that all are meant, says it already.</summary>
    private static object OnlyEvents(SegmentFilter filter) =>
        filter.Namespace.Length > 0 || filter.Origins == LogOrigins.All ? DBNull.Value
        : (object)(filter.Origins == LogOrigins.Events);

    private static T[] Each<T>(IReadOnlyList<BatchRun> runs, Func<BatchRun, T> column) => [.. runs.Select(column)];

    private static object[] SegmentColumns(IReadOnlyList<NewSegment> segments, Func<NewSegment, short> tier)
    {
        T[] Of<T>(Func<EncodedSegment, T> column) => [.. segments.Select(s => column(s.Segment))];
        return
        [
            segments.Select(static s => s.Namespace).ToArray(), Of(static s => s.FirstTime), Of(static s => s.LastTime),
            Of(static s => s.LineCount), Of(static s => s.RawBytes), Of(static s => (short)s.Worst),
            segments.Select(tier).ToArray(), Of(static s => s.Words), Of(static s => s.Body),
            Of(static s => $"{{{string.Join(',', s.Streams)}}}"),
        ];
    }

    private static LogStream ReadStream(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetInt64(0),
        Name = new StreamName(
            reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetInt32(5)),
        Node = reader.GetString(6),
        Labels = JsonSerializer.Deserialize<Dictionary<string, string>>(reader.GetString(7))!,
        WorkloadKind = reader.GetString(8),
        Workload = reader.GetString(9),
        Position = new LogPosition(reader.GetInt64(10), reader.GetInt64(11), reader.GetInt64(12)),
    };

    private Task<int> ExecuteAsync(string sql, object[] values, CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                await using var command = Command(connection, sql, values);
                return await command.ExecuteNonQueryAsync(cancellationToken);
            },
            cancellationToken);

    private Task<IReadOnlyList<T>> QueryAsync<T>(
        string sql, object[] values, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<T>>(
            async connection =>
            {
                await using var command = Command(connection, sql, values);
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                var found = new List<T>();
                while (await reader.ReadAsync(cancellationToken))
                {
                    found.Add(read(reader));
                }

                return found;
            },
            cancellationToken);

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });
        }

        return command;
    }

    private async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> runAsync, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            return await runAsync(connection);
        }
        catch (NpgsqlException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LogStoreException($"the store of logs does not answer: {error.Message}", error);
        }
    }
}
