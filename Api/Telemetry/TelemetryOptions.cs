namespace OrleansOrchestrator.Api.Telemetry;

/// <summary>Where traces and metrics are sent, by OTLP over HTTP, and how many.</summary>
public sealed record TelemetryOptions
{
    /// <summary>Traces are sent to its <c>v1/traces</c>, metrics to its <c>v1/metrics</c>.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>Which of the silos it is that sends.</summary>
    public required string Instance { get; init; }

    /// <summary>Requests that are traced, of a million; 0 for none.</summary>
    public int TracesPerMillion { get; init; }

    /// <summary>How often metrics are sent; zero for never.</summary>
    public TimeSpan MetricsInterval { get; init; }
}
