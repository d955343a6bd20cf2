namespace OrleansOrchestrator.Api.Kernel;

/// <summary>How much the API does at once and for how long: upstream's flags, with their defaults.</summary>
public sealed record RequestLimits
{
    /// <summary>
    /// Requests that only read and are answered at once (<c>--max-requests-inflight</c>); 0 is no limit.
    /// </summary>
    public int MaxReadsInFlight { get; init; } = 400;

    /// <summary>
    /// Requests that write and are answered at once (<c>--max-mutating-requests-inflight</c>); 0 is no limit.
    /// </summary>
    public int MaxWritesInFlight { get; init; } = 200;

    /// <summary>How long a request may take that is none of the long-running ones (<c>--request-timeout</c>).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A watch without a time-out of its own ends after this and a random part of it again, so that clients spread
    /// (<c>--min-request-timeout</c>).
    /// </summary>
    public TimeSpan MinWatchTimeout { get; init; } = TimeSpan.FromMinutes(30);
}
