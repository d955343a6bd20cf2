using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Metrics;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Metrics;

/// <summary>
/// What a week of history takes on the disk, with its indexes: 200 MB for 1,000 containers. All of them are measured
/// with <c>METRICS_CONTAINERS=1000</c>; usually a few, since it grows with their number.
/// </summary>
public sealed class UsageSizeTests(ITestOutputHelper output)
{
    private const long MostBytesEach = 200_000;
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task AWeekTakesLittle()
    {
        var containers = int.Parse(
            Environment.GetEnvironmentVariable("METRICS_CONTAINERS") ?? "40", CultureInfo.InvariantCulture);
        await using var source = PostgresDataSources.ForJournals(await PostgresFixture.CreateDatabaseAsync());
        var store = new PostgresUsageStore(source, NullLogger<PostgresUsageStore>.Instance);
        var series = Enumerable.Range(0, containers).SelectMany(i => (Walk[])[new(i, "c"), new(i, "")]).ToList();
        var maintaining = TimeSpan.Zero;
        for (var hour = Start; hour < Start.AddDays(7); hour = hour.AddHours(1))
        {
            await using (var connection = await source.OpenConnectionAsync())
            {
                Assert.True(await UsageSql.NoteMadeAsync(connection, UsageLevel.Rounds, hour, default));
                await UsageSql.WriteBlocksAsync(
                    connection, UsageLevel.Rounds, hour, [.. series.Select(s => s.Next(hour))], default);
            }

            var started = Stopwatch.GetTimestamp();
            await store.MaintainAsync(hour.AddHours(1).AddMinutes(5), default);
            maintaining += Stopwatch.GetElapsedTime(started);
            if (hour.Hour % 2 == 0)
            {
                // As the server does by itself, when the rows of an hour or two are dead.
                await using var vacuum = source.CreateCommand("vacuum store.metric_blocks");
                await vacuum.ExecuteNonQueryAsync();
            }
        }

        var sizes = new List<string>();
        await using var command = source.CreateCommand(
            "select level, count(*), sum(pg_column_size(b.*))::bigint from store.metric_blocks b "
            + "group by level order by level");
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                sizes.Add($"level {reader.GetInt16(0)}: {reader.GetInt64(1)} rows, {reader.GetInt64(2) / 1e6:F1} MB");
            }
        }

        await using var total = source.CreateCommand("select pg_total_relation_size('store.metric_blocks')");
        var bytes = (long)(await total.ExecuteScalarAsync())!;
        var asking = Stopwatch.GetTimestamp();
        var page = await store.ReadAsync(
            new UsageQuery
            {
                Start = Start, End = Start.AddDays(7), Step = TimeSpan.FromMinutes(30), Name = "pod-1",
            },
            default);
        var asked = Stopwatch.GetElapsedTime(asking);
        Assert.Equal(2, page.Series.Count);
        Assert.True(page.Series[1][UsageMetric.Cpu].Count(static v => v is not null) > 300);
        output.WriteLine(
            $"{containers} containers and pods, 7 days: {bytes / 1e6:F1} MB ({string.Join("; ", sizes)}); coarsening "
            + $"{maintaining.TotalSeconds:F1} s; a week of a pod {asked.TotalMilliseconds:F0} ms");
        Assert.InRange(bytes / containers, 1, MostBytesEach);
    }

    /// <summary>One container, or a pod as a whole: use that wanders and is noisy, traffic in bursts.</summary>
    private sealed class Walk(int number, string container)
    {
        private readonly Random _random = new(TestSeed.Current + number + container.Length);
        private double _cpu = 500;
        private double _memory = 60_000;

        public UsageBlock Next(DateTimeOffset start)
        {
            var values = UsageBlock.Empty(UsageLevel.Rounds.Points);
            for (var i = 0; i < UsageLevel.Rounds.Points; i++)
            {
                _cpu = Math.Clamp(_cpu * (1 + ((_random.NextDouble() - 0.5) * 0.1)), 20, 8000);
                _memory = Math.Clamp(_memory + _random.Next(-40, 41), 20_000, 500_000);
                var isBurst = _random.Next(20) == 0;
                if (container.Length == 0)
                {
                    values[(int)UsageMetric.NetworkReceived][i] = _random.Next(1500, 2500) * (isBurst ? 20 : 1);
                    values[(int)UsageMetric.NetworkSent][i] = _random.Next(1500, 2500) * (isBurst ? 20 : 1);
                }
                else
                {
                    values[(int)UsageMetric.Cpu][i] = (long)(_cpu * (0.9 + (_random.NextDouble() * 0.2)));
                    values[(int)UsageMetric.Memory][i] = (long)_memory;
                    values[(int)UsageMetric.DiskRead][i] = 0;
                    values[(int)UsageMetric.DiskWritten][i] = isBurst ? _random.Next(100_000) : 0;
                    values[(int)UsageMetric.Restarts][i] = 1;
                }
            }

            return new UsageBlock(
                new UsageOf("shop", $"pod-{number}", container, $"node-{number % 10}", "Deployment/web"),
                start,
                values);
        }
    }
}
