namespace OrleansOrchestrator.Logs.Export;

/// <summary>Where logs are sent beside the store, by OTLP over HTTP, and how much may wait.</summary>
public sealed record LogExportOptions
{
    /// <summary>Logs are sent to its <c>v1/logs</c>.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>
    /// Of compressed lines that wait while nobody takes them; what finds no room is dropped and counted.
    /// </summary>
    public long MaxWaitingBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between the first two attempts; each further pause is twice as long, up to half a minute.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);
}
