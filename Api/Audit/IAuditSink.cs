using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// Takes events to somewhere. It never waits: what it has no room for is lost, and counted
/// (<see cref="AuditMetrics"/>).
/// </summary>
internal interface IAuditSink
{
    /// <summary>Takes one event.</summary>
    /// <param name="record">What the event tells.</param>
    /// <param name="stage">Its stage.</param>
    /// <param name="json">The event, as the policy wants it.</param>
    void Take(AuditRecord record, AuditStages stage, ReadOnlyMemory<byte> json);
}
