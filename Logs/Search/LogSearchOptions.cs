namespace OrleansOrchestrator.Logs.Search;

/// <summary>Bounds of searches of one silo.</summary>
public sealed record LogSearchOptions
{
    /// <summary>Searches at one time; more wait.</summary>
    public int Searches { get; init; } = 4;

    /// <summary>Segments of one search that are looked through at one time.</summary>
    public int Parallelism { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 4);

    /// <summary>How long a search goes on; what it has by then is a page.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long segments that were read at once are looked through: a query for which that is not enough asks too much.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Segments that one page considers.</summary>
    public int MaxSegments { get; init; } = 20_000;

    /// <summary>Streams that a filter by pod, labels and the like may mean.</summary>
    public int MaxStreams { get; init; } = 10_000;

    /// <summary>Bytes of text in a page, unless one line has more.</summary>
    public int MaxPageBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Bytes of text that are held at once for each who follows, unless one segment has more.</summary>
    public int MaxFollowedBytes { get; init; } = 4 * 1024 * 1024;
}
