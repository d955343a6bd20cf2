using System.Diagnostics;
using System.Globalization;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>
/// What a write costs from object grain to committed and cached, PostgreSQL's share included. Explicit: run it in
/// Release with <c>-explicit only -class *WriteCost</c>.
/// </summary>
public sealed class WriteCost(ITestOutputHelper output)
{
    private const int Objects = 20_000;

    /// <summary>A usual pod's size.</summary>
    private static readonly string Spec = $$"""{"padding":"{{new string('x', 2_500)}}"}""";

    [Theory(Explicit = true)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(64)]
    public async Task Creates_updates_and_deletes(int writers)
    {
        var (server, connectionString) = await PostgresFixture.StartOwnAsync();
        await using var own = server;
        await using var world =
            await TestSilos.StartAsync(new TestSilosOptions { ConnectionString = connectionString });
        var cache = await world.Caches.GetAsync(TestObjects.Pods, default);
        var objects = writers == 1 ? Objects / 10 : Objects;
        var written = new ResourceObject[objects];
        await MeasureAsync("warm-up", writers, 3_000, i => CreateAsync(world, $"warm{i}"));
        var heap = GC.GetTotalMemory(true);
        await MeasureAsync("create", writers, objects, async i => written[i] = await CreateAsync(world, $"pod{i}"));
        var held = (GC.GetTotalMemory(true) - heap) / objects;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{held} bytes stay for each object of {written[0].Json.Length} bytes"));
        await MeasureAsync("update", writers, objects, async i =>
        {
            var item = written[i];
            var write = TestObjects.Update(item.Key, item.Revision, Spec);
            written[i] = (await world.ObjectGrain(TestObjects.Pods, item.Key).WriteAsync(write, default)).Required;
        });
        await MeasureAsync(
            "consistent get", writers, objects, async i => (await cache.ConsistentAsync(default)).Get(written[i].Key));
        await MeasureAsync("delete", writers, objects, i =>
            world.ObjectGrain(TestObjects.Pods, written[i].Key).WriteAsync(TestObjects.Delete(written[i]), default));
    }

    private static async Task<ResourceObject> CreateAsync(TestSilos world, string name)
    {
        var key = new ObjectKey("bench", name);
        return (await world.ObjectGrain(TestObjects.Pods, key).WriteAsync(TestObjects.Create(key, Spec), default)).Required;
    }

    private async Task MeasureAsync(string what, int writers, int count, Func<int, Task> operation)
    {
        var (own, postgres) = (Process.GetCurrentProcess().TotalProcessorTime, PostgresCpu());
        var (allocated, start, next) = (GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp(), -1);
        var latencies = new double[count];
        await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => WriterAsync()));
        var elapsed = Stopwatch.GetElapsedTime(start);
        Array.Sort(latencies);
        var (silo, database) = (Process.GetCurrentProcess().TotalProcessorTime - own, PostgresCpu() - postgres);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what,-15} {writers,3} writers: {count / elapsed.TotalSeconds,8:F0}/s  silo {silo.TotalMicroseconds / count,6:F0} µs  " +
            $"postgres {database.TotalMicroseconds / count,6:F0} µs  p50 {latencies[count / 2],7:F2} ms  " +
            $"p99 {latencies[count * 99 / 100],7:F2} ms  {(GC.GetTotalAllocatedBytes() - allocated) / count,7} B"));

        async Task WriterAsync()
        {
            while (Interlocked.Increment(ref next) is var i && i < count)
            {
                var began = Stopwatch.GetTimestamp();
                await operation(i);
                latencies[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            }
        }
    }

    /// <summary>User and system time of all server processes, in the kernel's ticks of 10 ms.</summary>
    private static TimeSpan PostgresCpu()
    {
        var ticks = 0L;
        foreach (var process in Directory.GetDirectories("/proc").Where(d => char.IsAsciiDigit(d[^1])))
        {
            var path = Path.Combine(process, "stat");
            if (File.Exists(path) && File.ReadAllText(path).Split(' ') is [_, "(postgres)", ..] fields)
            {
                ticks += fields.Skip(13).Take(2).Sum(f => long.Parse(f, CultureInfo.InvariantCulture));
            }
        }

        return TimeSpan.FromMilliseconds(ticks * 10);
    }
}
