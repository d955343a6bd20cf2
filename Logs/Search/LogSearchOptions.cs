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

    /// <summary>Segments that one page considers.</summary>
    public int MaxSegments { get; init; } = 20_000;

    /// <summary>Streams that a filter by pod, labels and the like may mean.</summary>
    public int MaxStreams { get; init; } = 10_000;

    /// <summary>Bytes of text in a page, unless one line has more.</summary>
    public int MaxPageBytes { get; init; } = 8 * 1024 * 1024;
}
