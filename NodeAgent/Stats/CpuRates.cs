using System.Collections.Concurrent;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// Turns CPU time into CPU usage: reads the time of every pod's and container's group each few seconds and remembers
/// the last two readings. One small file per group, so that even a full node spends next to nothing on it.
/// </summary>
public sealed class CpuRates(ICgroupHierarchy hierarchy, Cgroups cgroups, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeastSpan = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Reading> _readings = new();

    private readonly record struct Reading(long Timestamp, ulong Nanoseconds, ulong? NanoCores);

    /// <summary>Billionths of a CPU that the group used of late; null while that is not known.</summary>
    public ulong? Of(string path, ulong? nanoseconds)
    {
        if (nanoseconds is not { } now || !_readings.TryGetValue(path, out var last))
        {
            return null;
        }

        return last.NanoCores ?? Rate(last, now, time.GetTimestamp());
    }

    /// <summary>Reads all groups once; what is gone is forgotten.</summary>
    public void Read()
    {
        var paths = Paths().ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _readings.Keys.Where(k => !paths.Contains(k)))
        {
            _readings.TryRemove(gone, out _);
        }

        foreach (var path in paths)
        {
            if (hierarchy.CpuNanoseconds(path) is { } nanoseconds)
            {
                var now = time.GetTimestamp();
                var rate = _readings.TryGetValue(path, out var last)
                    ? Rate(last, nanoseconds, now)
                    ?? last.NanoCores
                    : null;
                _readings[path] = new Reading(now, nanoseconds, rate);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            Read();
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    // The pods' parents count as groups themselves; below a pod's group come its containers.
    private IEnumerable<string> Paths()
    {
        yield return "";
        foreach (var parent in cgroups.Parents)
        {
            yield return parent;
            foreach (var pod in hierarchy.Children(parent).Where(c => c.StartsWith("pod", StringComparison.Ordinal)))
            {
                yield return $"{parent}/{pod}";
                foreach (var container in hierarchy.Children($"{parent}/{pod}"))
                {
                    yield return $"{parent}/{pod}/{container}";
                }
            }
        }
    }

    private ulong? Rate(Reading last, ulong nanoseconds, long now)
    {
        var span = time.GetElapsedTime(last.Timestamp, now);
        return span >= LeastSpan && nanoseconds >= last.Nanoseconds
            ? (ulong)((nanoseconds - last.Nanoseconds) / span.TotalSeconds)
            : null;
    }
}
