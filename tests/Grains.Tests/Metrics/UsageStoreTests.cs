using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Metrics;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Metrics;

/// <summary>The history in PostgreSQL, against a model that keeps every line.</summary>
public sealed class UsageStoreTests
{
    private static readonly DateTimeOffset Day = new(2026, 3, 4, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task RoundsAreReadBackBeforeAndAfterTheyArePacked()
    {
        await using var source = await SourceAsync();
        var store = Store(source);
        var memory = new MemoryUsageStore();
        foreach (var slot in Slots(Day, TimeSpan.FromMinutes(50)))
        {
            await store.WriteAsync(slot, Lines(slot), default);
            await store.WriteAsync(slot, Lines(slot + 1), default); // again, of another collector: nothing changes
            await memory.WriteAsync(slot, Lines(slot), default);
        }

        var query = Query(Day, Day.AddHours(1), UsageRound.PeriodSeconds);
        var expected = Show(await memory.ReadAsync(query, default));
        Assert.Equal(expected, Show(await store.ReadAsync(query, default)));
        await store.MaintainAsync(Day.AddHours(1), default); // too early
        Assert.Equal(200L * 3, await CountAsync(source, "store.metric_rounds"));
        await store.MaintainAsync(Day.AddHours(1).AddMinutes(2), default);
        Assert.Equal(0L, await CountAsync(source, "store.metric_rounds"));
        Assert.Equal(4L, await CountAsync(source, "store.metric_blocks"));
        Assert.Equal(expected, Show(await store.ReadAsync(query, default)));
        await store.WriteAsync(Slot(Day), Lines(Slot(Day)), default); // late, after the hour was packed
        await store.MaintainAsync(Day.AddHours(1).AddMinutes(2), default);
        Assert.Equal(expected, Show(await store.ReadAsync(query, default)));
        Assert.Equal(0L, await CountAsync(source, "store.metric_rounds"));
    }

    [Fact]
    public async Task CoarserPointsAreMeansAndNothingIsToldTwice()
    {
        await using var source = await SourceAsync();
        var store = Store(source);
        var end = Day.AddHours(13).AddMinutes(30);
        var lines = new Dictionary<long, IReadOnlyList<UsageLine>>();
        foreach (var slot in Slots(Day.AddHours(5), end - Day.AddHours(5)))
        {
            lines.Add(slot, Lines(slot));
            await store.WriteAsync(slot, lines[slot], default);
        }

        await store.MaintainAsync(end, default);
        Assert.Equal((long[])[8L, 2L, 0L], await MadeAsync(source));
        foreach (var step in (int[])[15, 60, 300, 600, 3600])
        {
            var page = await store.ReadAsync(Query(Day.AddHours(4), end, step), default);
            var web = page.Series.Single(s => s is { Name: "web", Container: "c" });
            for (var i = 0; i < page.Points; i++)
            {
                var from = Slot(page.Start + (page.Step * i));
                var known = Enumerable.Range(0, step / UsageRound.PeriodSeconds)
                    .Select(k => lines.GetValueOrDefault(from + k))
                    .Where(static l => l is not null).Select(static l => l![0].Values[0]!.Value).ToList();
                if (known.Count == 0)
                {
                    Assert.Null(web[UsageMetric.Cpu][i]);
                }
                else
                {
                    // Means of means are rounded more than once.
                    var mean = (long)known.Average();
                    Assert.InRange(web[UsageMetric.Cpu][i]!.Value, mean - 2, mean + 2);
                }
            }
        }
    }

    [Fact]
    public async Task WhatIsPastItsTimeOrTooMuchGoes()
    {
        await using var source = await SourceAsync();
        var store = Store(source);
        foreach (var day in Enumerable.Range(0, 3))
        {
            foreach (var slot in Slots(Day.AddDays(day), TimeSpan.FromMinutes(5)))
            {
                await store.WriteAsync(slot, Lines(slot), default);
            }

            await store.MaintainAsync(Day.AddDays(day).AddHours(25), default);
        }

        Assert.Equal((long[])[1L, 3L, 2L], await MadeAsync(source));
        var small = new PostgresUsageStore(source, NullLogger<PostgresUsageStore>.Instance) 
        {
            Retention = new UsageRetention { MaxBytes = 1 },
        };
        foreach (var slot in Slots(Day.AddDays(4), TimeSpan.FromMinutes(5)))
        {
            await small.WriteAsync(slot, Lines(slot), default);
        }

        await small.MaintainAsync(Day.AddDays(4).AddHours(2), default);
        Assert.Equal((long[])[1L, 1L, 1L], await MadeAsync(source));
    }

    [Fact]
    public async Task TheViewTellsTheSame()
    {
        await using var source = await SourceAsync();
        var store = Store(source);
        foreach (var slot in Slots(Day, TimeSpan.FromMinutes(70)))
        {
            await store.WriteAsync(slot, Lines(slot), default);
        }

        await store.MaintainAsync(Day.AddHours(1).AddMinutes(5), default);
        var page = await store.ReadAsync(Query(Day, Day.AddHours(2), 15), default);
        foreach (var series in page.Series)
        {
            await using var command = source.CreateCommand(
                "select time, cpu_cores, memory_bytes, restarts from kube.metrics "
                + "where namespace = $1 and name = $2 and container = $3 order by time");
            foreach (var text in (string[])[series.Namespace, series.Name, series.Container])
            {
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = text });
            }

            await using var reader = await command.ExecuteReaderAsync();
            for (var i = 0; i < page.Points; i++)
            {
                if (series[UsageMetric.Cpu][i] is { } cpu)
                {
                    Assert.True(await reader.ReadAsync());
                    Assert.Equal(page.Start + (page.Step * i), reader.GetFieldValue<DateTimeOffset>(0));
                    Assert.Equal(cpu / 10_000.0m, reader.GetDecimal(1));
                    Assert.Equal(series[UsageMetric.Memory][i] * 1024, reader.GetInt64(2));
                }
            }

            Assert.False(await reader.ReadAsync());
        }
    }

    private static PostgresUsageStore Store(NpgsqlDataSource source) =>
        new(source, NullLogger<PostgresUsageStore>.Instance);

    private static async Task<NpgsqlDataSource> SourceAsync() =>
        PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync());

    private static long Slot(DateTimeOffset time) => time.ToUnixTimeSeconds() / UsageRound.PeriodSeconds;

    private static IEnumerable<long> Slots(DateTimeOffset from, TimeSpan span) =>
        Enumerable.Range(0, (int)span.TotalSeconds / UsageRound.PeriodSeconds).Select(i => Slot(from) + i);

    private static Task<long[]> MadeAsync(NpgsqlDataSource source) => Task.WhenAll(Enumerable.Range(0, 3).Select(
        l => CountAsync(source, $"store.metric_blocks_made where level = {l}")));

    private static async Task<long> CountAsync(NpgsqlDataSource source, string from)
    {
        await using var command = source.CreateCommand($"select count(*) from {from}");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static UsageQuery Query(DateTimeOffset from, DateTimeOffset to, int step) =>
        new() { Start = from, End = to, Step = TimeSpan.FromSeconds(step) };

    /// <summary>Two containers and a pod as a whole in two namespaces, and a node.</summary>
    private static IReadOnlyList<UsageLine> Lines(long slot) =>
    [
        Line("shop", "web", "c", slot % 1000),
        Line("shop", "web", "", slot % 7),
        Line("other", "job", "c", 5),
        Line("", "n1", "", slot % 13),
    ];

    private static UsageLine Line(string home, string name, string container, long value) => new(
        new UsageSample
        {
            Namespace = home, Name = name, Container = container, Node = "n1", Time = Day,
            Owner = home == "shop" ? "Deployment/web" : "",
        },
        [value, value * 3, value / 2, 0, null, value, 1]);

    private static string Show(UsageHistoryPage page) => $"{page.Start:u} {page.Step} {page.Points}\n" + string.Join(
        '\n',
        page.Series.Select(static s => $"{s.Namespace}/{s.Name}/{s.Container} {s.Node} {s.Owner} "
            + string.Join(';', s.Values.Select(static v => string.Join(',', v)))));
}
