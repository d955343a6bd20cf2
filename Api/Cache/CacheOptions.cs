namespace OrleansOrchestrator.Api.Cache;

/// <summary>The bounds of resource caches.</summary>
public sealed class CacheOptions
{
    /// <summary>
    /// How many recent events stay in memory: how far a watcher may be behind, and how far back a watch may resume
    /// cheaply.
    /// </summary>
    public int RingEvents { get; set; } = 8_192;

    public long RingBytes { get; set; } = 24 << 20;

    /// <summary>How many events may wait for a watcher that is served by an index.</summary>
    public int WatcherEvents { get; set; } = 4_096;

    public int PullChanges { get; set; } = 2_048;

    /// <summary>How long a pull waits at the journal; shorter than Orleans' response timeout.</summary>
    public TimeSpan PullWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// When a reader waits this long for a revision, the pull in progress is given up and begun anew: it may wait at a
    /// journal that is stale and does not know.
    /// </summary>
    public TimeSpan PullDoubt { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Resolution of timeouts of watchers and readers.</summary>
    public TimeSpan Tick { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a consistent read keeps asking while a journal moves, before it fails.</summary>
    public TimeSpan MovePatience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long one such question may take: Orleans may have lost it with a silo, and would say so only after half a
    /// minute.
    /// </summary>
    public TimeSpan AskPatience { get; set; } = TimeSpan.FromSeconds(1);

    public TimeSpan FirstRetry { get; set; } = TimeSpan.FromMilliseconds(20);

    public TimeSpan LastRetry { get; set; } = TimeSpan.FromSeconds(1);
}
