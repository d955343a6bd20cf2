using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Numerics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>
/// How many events the watches of one resource have sent, by their size. All watches count on one of these and never
/// wait for each other; nobody adds up before somebody looks.
/// </summary>
internal sealed class WatchEventSizes(string group, string version, string resource)
{
    private const int Buckets = 8;

    /// <summary>From 1 KiB to 128 KiB, doubling: upstream's.</summary>
    public static readonly double[] Bounds = [.. Enumerable.Range(0, Buckets).Select(static i => 1024.0 * (1 << i))];

    // The last holds what is larger than the last bound.
    private readonly long[] _counts = new long[Buckets + 1];
    private long _bytes;

    public KeyValuePair<string, object?>[] Tags { get; } =
        [new("group", group), new("resource", resource), new("version", version)];

    /// <summary>An event of so many bytes was sent.</summary>
    public void Add(long bytes)
    {
        Interlocked.Increment(ref _counts[BucketOf(bytes)]);
        Interlocked.Add(ref _bytes, bytes);
    }

    public HistogramReading Read()
    {
        var (cumulative, sum) = (new long[_counts.Length], 0L);
        for (var i = 0; i < cumulative.Length; i++)
        {
            cumulative[i] = sum += Interlocked.Read(ref _counts[i]);
        }

        return new HistogramReading(Tags, Interlocked.Read(ref _bytes), cumulative);
    }

    // Each bound is twice the one before: what is left of the number above the first bound's bits says which it is.
    private static int BucketOf(long bytes) => Math.Min(
        64 - BitOperations.LeadingZeroCount((ulong)Math.Max(bytes - 1, 0) >> 10), Buckets);
}

/// <summary>Those of all resources that are watched.</summary>
internal sealed class WatchEvents
{
    private readonly ConcurrentDictionary<(string Group, string Version, string Resource), WatchEventSizes> _known =
        new();

    public WatchEvents(Meter meter)
    {
        meter.CreateObservableCounter(
            "apiserver_watch_events_total",
            () => _known.Values.Select(static s => new Measurement<long>(s.Read().Cumulative[^1], s.Tags)),
            description: "[ALPHA] Number of events sent in watch clients");
        _ = new ObservedHistogram(
            meter, "apiserver_watch_events_sizes", "[ALPHA] Watch event size distribution in bytes",
            WatchEventSizes.Bounds, () => _known.Values.Select(static s => s.Read()));
    }

    /// <summary>What counts the events of a resource. Of more than there may be series, nothing is shown.</summary>
    public WatchEventSizes Of(ResourceDefinition definition)
    {
        var key = (definition.Name.Group, definition.Version, definition.Name.Plural);
        return _known.TryGetValue(key, out var known) ? known
            : _known.Count < MetricFamily.MaxSeries ? _known.GetOrAdd(key, static k => Make(k))
            : Make(key);
    }

    private static WatchEventSizes Make((string Group, string Version, string Resource) key) =>
        new(key.Group, key.Version, key.Resource);
}
