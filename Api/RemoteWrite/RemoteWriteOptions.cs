namespace OrleansOrchestrator.Api.RemoteWrite;

/// <summary>Where samples are pushed to, by Prometheus' remote write.</summary>
public sealed record RemoteWriteOptions
{
    /// <summary>The whole address, such as <c>http://prometheus:9090/api/v1/write</c>.</summary>
    public required Uri Target { get; init; }

    /// <summary>A file with the bearer token that goes along, read anew for each request; null for none.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Rounds that wait while nobody takes them: ten minutes.</summary>
    public int MaxWaiting { get; init; } = 40;

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between the first two attempts; each further pause is twice as long, up to half a minute.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);
}
