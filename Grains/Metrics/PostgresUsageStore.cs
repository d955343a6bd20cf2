using System.Data;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>
/// The history in PostgreSQL. A round is written with one statement, which does nothing when it is there already: so a
/// write whose outcome is unknown is simply repeated, and two collectors at a time double nothing. A block is made in
/// the transaction that notes that it is made and, for the finest level, deletes its rounds.
/// </summary>
internal sealed partial class PostgresUsageStore(NpgsqlDataSource source, ILogger<PostgresUsageStore> logger)
    : IUsageStore
{
    /// <summary>The database is the journals': the history takes few of its connections.</summary>
    private const int MaxReadersAtOnce = 2;

    /// <summary>Rounds may still come in so long after a block's end.</summary>
    private static readonly TimeSpan Lateness = TimeSpan.FromSeconds(4 * UsageRound.PeriodSeconds);

    private readonly SemaphoreSlim _readers = new(MaxReadersAtOnce);

    /// <summary>What is dropped.</summary>
    public UsageRetention Retention { get; init; } = new();

    /// <inheritdoc/>
    public Task WriteAsync(long slot, IReadOnlyList<UsageLine> lines, CancellationToken cancellationToken) =>
        GuardAsync(async () =>
        {
            await using var batch = source.CreateBatch();
            foreach (var group in lines.GroupBy(static l => l.Of.Namespace))
            {
                batch.BatchCommands.Add(UsageSql.WriteRound(slot, group.Key, [.. group]));
            }

            if (batch.BatchCommands.Count > 0)
            {
                await batch.ExecuteNonQueryAsync(cancellationToken);
            }
        });

    /// <inheritdoc/>
    public Task MaintainAsync(DateTimeOffset now, CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var made = await PackRoundsAsync(connection, now - Lateness, cancellationToken);
        for (var i = 1; i < UsageLevel.All.Count; i++)
        {
            made += await CoarsenAsync(
                connection, UsageLevel.All[i - 1], UsageLevel.All[i], now - Lateness, cancellationToken);
        }

        if (made > 0)
        {
            await DropAsync(connection, now, cancellationToken);
        }
    });

    /// <inheritdoc/>
    public async Task<UsageHistoryPage> ReadAsync(UsageQuery query, CancellationToken cancellationToken)
    {
        var page = new UsagePage(query);
        await _readers.WaitAsync(cancellationToken);
        try
        {
            await GuardAsync(() => ReadAsync(page, query, cancellationToken));
        }
        finally
        {
            _readers.Release();
        }

        return page.Finish();
    }

    /// <summary>
    /// The level whose points are not finer than what is asked for, where it has begun; the finer ones where it has not
    /// been made yet, and the coarser ones where it is past its time.
    /// </summary>
    private async Task ReadAsync(
        UsagePage page, UsageQuery query, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var made = await MadeAsync(connection, cancellationToken);
        var (from, to) = (page.Start, page.End);
        var first = UsageLevel.All.Last(l => l.Step <= page.Step || l == UsageLevel.Rounds);
        var order = UsageLevel.All.Where(l => l.Number <= first.Number).Reverse()
            .Concat(UsageLevel.All.Where(l => l.Number > first.Number));
        var open = new List<(DateTimeOffset From, DateTimeOffset To)> { (from, to) };
        foreach (var level in order)
        {
            var starts = made.Where(m => m.Level == level.Number
                && open.Exists(o => m.Start < o.To && m.Start + level.Block > o.From))
                .Select(static m => m.Start).ToList();
            if (starts.Count > 0)
            {
                await ReadBlocksAsync(connection, level, starts, open, page, query, cancellationToken);
                open = [.. open.SelectMany(o => Without(o, starts, level.Block))];
            }
        }

        foreach (var (begin, end) in open)
        {
            await ReadRoundsAsync(connection, begin, end, page, query, cancellationToken);
        }
    }

    private static IEnumerable<(DateTimeOffset From, DateTimeOffset To)> Without(
        (DateTimeOffset From, DateTimeOffset To) span, IEnumerable<DateTimeOffset> starts, TimeSpan block)
    {
        var at = span.From;
        foreach (var start in starts.Order())
        {
            if (start > at && at < span.To)
            {
                yield return (at, start < span.To ? start : span.To);
            }

            at = start + block > at ? start + block : at;
        }

        if (at < span.To)
        {
            yield return (at, span.To);
        }
    }

    private static async Task<List<(short Level, DateTimeOffset Start)>> MadeAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(UsageSql.Made, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var made = new List<(short, DateTimeOffset)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            made.Add((reader.GetInt16(0), reader.GetFieldValue<DateTimeOffset>(1)));
        }

        return made;
    }

    private static async Task ReadBlocksAsync(
        NpgsqlConnection connection, UsageLevel level, List<DateTimeOffset> starts,
        List<(DateTimeOffset From, DateTimeOffset To)> open, UsagePage page, UsageQuery query,
        CancellationToken cancellationToken)
    {
        await using var command = UsageSql.ReadBlocks(connection, level, starts, query);
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var row = UsageSql.Block(reader, level.Points);
            if (page.Wants(row.Of))
            {
                foreach (var (values, start) in Within(row.Values, row.Start, level.Step, open))
                {
                    page.Add(row.Of, start, level.Step, values);
                }
            }
        }
    }

    // Of a block that reaches into what another level has told already, only the rest counts.
    private static IEnumerable<(long?[][] Values, DateTimeOffset Start)> Within(
        long?[][] values, DateTimeOffset start, TimeSpan step, List<(DateTimeOffset From, DateTimeOffset To)> open)
    {
        foreach (var (from, to) in open)
        {
            var first = Math.Max(0, (int)Math.Ceiling((from - start) / step));
            var end = Math.Min(values[0].Length, (int)Math.Ceiling((to - start) / step));
            if (first < end)
            {
                yield return ([.. values.Select(v => v[first..end])], start + (step * first));
            }
        }
    }

    private static async Task ReadRoundsAsync(
        NpgsqlConnection connection, DateTimeOffset from, DateTimeOffset to, UsagePage page, UsageQuery query,
        CancellationToken cancellationToken)
    {
        await using var command = UsageSql.ReadRounds(connection, SlotOf(from), SlotOf(to), query.Namespace);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            foreach (var (of, values, time) in UsageSql.Round(reader))
            {
                if (page.Wants(of))
                {
                    page.Add(of, time, UsageLevel.Rounds.Step, [.. values.Select(static v => new[] { v })]);
                }
            }
        }
    }

    private static long SlotOf(DateTimeOffset time) =>
        (long)Math.Ceiling((time - DateTimeOffset.UnixEpoch).TotalSeconds / UsageRound.PeriodSeconds);

    /// <summary>Packs the rounds of hours that are over.</summary>
    private static async Task<int> PackRoundsAsync(
        NpgsqlConnection connection, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var level = UsageLevel.Rounds;
        var made = 0;
        while (await OldestRoundAsync(connection, cancellationToken) is { } oldest
            && level.BlockOf(oldest) is var start && start + level.Block <= until)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            if (await UsageSql.NoteMadeAsync(connection, level, start, cancellationToken))
            {
                foreach (var home in await UsageSql.NamespacesAsync(
                    connection, SlotOf(start), SlotOf(start + level.Block), cancellationToken))
                {
                    var rows = await PivotAsync(connection, level, start, home, cancellationToken);
                    await UsageSql.WriteBlocksAsync(connection, level, start, rows, cancellationToken);
                }
            }

            await UsageSql.DeleteRoundsAsync(connection, SlotOf(start + level.Block), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            made++;
        }

        return made;
    }

    private static async Task<DateTimeOffset?> OldestRoundAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(UsageSql.OldestRound, connection);
        return await command.ExecuteScalarAsync(cancellationToken) is long slot
            ? DateTimeOffset.FromUnixTimeSeconds(slot * UsageRound.PeriodSeconds)
            : null;
    }

    /// <summary>Turns the rounds of an hour and a namespace, which stand by time, into series.</summary>
    private static async Task<IReadOnlyList<UsageBlock>> PivotAsync(
        NpgsqlConnection connection, UsageLevel level, DateTimeOffset start, string home,
        CancellationToken cancellationToken)
    {
        var series = new SortedDictionary<(string Name, string Container), UsageBlock>();
        await using var command = UsageSql.ReadRounds(connection, SlotOf(start), SlotOf(start + level.Block), home);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            foreach (var (of, values, time) in UsageSql.Round(reader))
            {
                var key = (of.Name, of.Container);
                if (!series.TryGetValue(key, out var block))
                {
                    series.Add(key, block = new UsageBlock(of, start, UsageBlock.Empty(level.Points)));
                }

                block = series[key] = block with { Of = of };
                var point = (int)((time - start) / level.Step);
                for (var metric = 0; metric < UsageSeries.Metrics; metric++)
                {
                    block.Values[metric][point] = values[metric];
                }
            }
        }

        return [.. series.Values];
    }

    /// <summary>Makes blocks of a level whose time is over of the blocks of the finer one.</summary>
    private static async Task<int> CoarsenAsync(
        NpgsqlConnection connection, UsageLevel fine, UsageLevel coarse, DateTimeOffset until,
        CancellationToken cancellationToken)
    {
        var made = await MadeAsync(connection, cancellationToken);
        var due = made.Where(m => m.Level == fine.Number).Select(m => coarse.BlockOf(m.Start)).Distinct()
            .Where(start => start + coarse.Block <= until - fine.Block
                || (start + coarse.Block <= until && made.Contains((fine.Number, start + coarse.Block - fine.Block))))
            .Except(made.Where(m => m.Level == coarse.Number).Select(static m => m.Start)).Order().ToList();
        foreach (var start in due)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            if (await UsageSql.NoteMadeAsync(connection, coarse, start, cancellationToken))
            {
                await MakeAsync(connection, fine, coarse, start, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        return due.Count;
    }

    // So many series at a time, so that a large cluster takes no more memory than a small one.
    private static async Task MakeAsync(
        NpgsqlConnection connection, UsageLevel fine, UsageLevel coarse, DateTimeOffset start,
        CancellationToken cancellationToken)
    {
        const int SeriesAtOnce = 200;
        var parts = (int)(coarse.Block / fine.Block);
        var starts = Enumerable.Range(0, parts).Select(i => start + (fine.Block * i)).ToList();
        UsageOf? after = default(UsageOf) with { Namespace = "", Name = "", Container = "" };
        while (after is { } from)
        {
            var rows = new List<UsageBlock>();
            await using (var command = UsageSql.ReadBlocksInOrder(connection, fine, starts, from, SeriesAtOnce * parts))
            await using (var reader = await command.ExecuteReaderAsync(
                CommandBehavior.SequentialAccess, cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    rows.Add(UsageSql.Block(reader, fine.Points));
                }
            }

            // What the limit may have cut begins the next turn.
            var isLast = rows.Count < SeriesAtOnce * parts;
            var whole = isLast ? rows : rows.TakeWhile(r => !r.IsSame(rows[^1])).ToList();
            await UsageSql.WriteBlocksAsync(
                connection, coarse, start, Merge(whole, fine, coarse, start), cancellationToken);
            after = isLast ? null : whole[^1].Of;
        }
    }

    private static List<UsageBlock> Merge(
        IEnumerable<UsageBlock> rows, UsageLevel fine, UsageLevel coarse, DateTimeOffset start)
    {
        var share = (int)(fine.Block / coarse.Step);
        var series = new List<UsageBlock>();
        foreach (var row in rows)
        {
            if (series.Count == 0 || !series[^1].IsSame(row))
            {
                series.Add(new UsageBlock(row.Of, start, UsageBlock.Empty(coarse.Points)));
            }

            series[^1] = series[^1] with { Of = row.Of };
            var at = (int)((row.Start - start) / fine.Block) * share;
            for (var metric = 0; metric < UsageSeries.Metrics; metric++)
            {
                UsageLevel.Coarsen(
                    row.Values[metric], series[^1].Values[metric].AsSpan(at, share), (UsageMetric)metric);
            }
        }

        return series;
    }

    private async Task DropAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var level in UsageLevel.All)
        {
            var kept = level.Kept < Retention.Kept ? level.Kept : Retention.Kept;
            await UsageSql.DropAsync(connection, level, now - kept - level.Block, cancellationToken);
        }

        while (await UsageSql.BytesAsync(connection, cancellationToken) is var bytes && bytes > Retention.MaxBytes
            && await UsageSql.DropOldestAsync(connection, cancellationToken) is { } gone)
        {
            LogFull(bytes, Retention.MaxBytes, gone);
        }
    }

    private static async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            throw new StoreUnavailableException($"the history of metrics cannot be reached: {error.Message}", error);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "the history of metrics takes {Bytes} bytes, more than {Limit}: that of {Time} is dropped")]
    private partial void LogFull(long bytes, long limit, DateTimeOffset time);
}
