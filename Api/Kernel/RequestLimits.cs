namespace OrleansOrchestrator.Api.Kernel;

/// <summary>How much the API does at once and for how long: upstream's flags, with their defaults.</summary>
public sealed record RequestLimits
{
    /// <summary>More seats than any machine has a use for, so that sums of them are numbers.</summary>
    private const int MaxSeats = 100_000_000;

    /// <summary>
    /// Together with <see cref="MaxWritesInFlight"/> the seats that priority levels share: how many requests, if each
    /// needs but one, are answered at once (<c>--max-requests-inflight</c>).
    /// </summary>
    public int MaxReadsInFlight { get; init; } = 400;

    /// <summary>The other part of the seats (<c>--max-mutating-requests-inflight</c>).</summary>
    public int MaxWritesInFlight { get; init; } = 200;

    /// <summary>All seats. Throws when there are none.</summary>
    public int Seats => (long)MaxReadsInFlight + MaxWritesInFlight is > 0 and var seats
        ? (int)Math.Min(seats, MaxSeats)
        : throw new InvalidOperationException(
            $"invalid configuration: MaxRequestsInFlight={MaxReadsInFlight} and " +
            $"MaxMutatingRequestsInFlight={MaxWritesInFlight}; they must add up to something positive");

    /// <summary>How long a request may take that is none of the long-running ones (<c>--request-timeout</c>).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A watch without a time-out of its own ends after this and a random part of it again, so that clients spread
    /// (<c>--min-request-timeout</c>).
    /// </summary>
    public TimeSpan MinWatchTimeout { get; init; } = TimeSpan.FromMinutes(30);
}
