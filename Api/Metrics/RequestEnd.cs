namespace OrleansOrchestrator.Api.Metrics;

/// <summary>How a request ended.</summary>
/// <param name="StatusCode">What was answered.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="DryRun">What its query says of dry runs: nothing, <c>All</c>, or <c>invalid</c>.</param>
public readonly record struct RequestEnd(int StatusCode, TimeSpan Elapsed, string DryRun = "")
{
    /// <summary>How much of that it waited for seats and webhooks, which is not this server's doing.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>It was a server-side apply.</summary>
    public bool IsApply { get; init; }

    /// <summary>The bytes of the answer; null where nobody knows.</summary>
    public long? Bytes { get; init; }
}
