namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// Takes events to somewhere. What it has no room for, or cannot bring there, is lost, and counted
/// (<see cref="AuditMetrics"/>).
/// </summary>
internal interface IAuditSink
{
    /// <summary>Takes one event.</summary>
    /// <returns>False when it is lost, and is not to be.</returns>
    ValueTask<bool> TakeAsync(AuditEvent item);
}
