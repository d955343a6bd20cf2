using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>One event on its way to where events are kept.</summary>
/// <param name="Record">What it tells.</param>
/// <param name="Stage">Its stage.</param>
/// <param name="At">When that was.</param>
/// <param name="Json">The event, as the policy wants it.</param>
internal readonly record struct AuditEvent(
    AuditRecord Record, AuditStages Stage, DateTimeOffset At, ReadOnlyMemory<byte> Json)
{
    private static readonly KeyValuePair<string, string> Truncated = new("audit.k8s.io/truncated", "true");

    public bool HasBodies => !Record.RequestObject.IsEmpty || !Record.ResponseObject.IsEmpty;

    /// <summary>The same without what was sent and answered.</summary>
    public AuditEvent WithoutBodies() =>
        this with { Json = AuditEventWriter.Write(Record, Stage, At, withBodies: false) };

    /// <summary>The same, which says of itself that it is not all.</summary>
    public AuditEvent Truncate() =>
        this with { Json = AuditEventWriter.Write(Record, Stage, At, withBodies: false, Truncated) };
}
