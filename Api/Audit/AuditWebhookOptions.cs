using OrleansOrchestrator.Api.Remote;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>A server that events are sent to; upstream's defaults.</summary>
public sealed record AuditWebhookOptions
{
    public required RemoteTarget Target { get; init; }

    /// <summary>How long the first repetition of a failed request waits.</summary>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How events get there.</summary>
    public AuditDelivery Delivery { get; init; } = new();
}
