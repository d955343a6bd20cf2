using System.Text;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Logs.Shipping;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// Gives events of complete requests to the store of logs, as lines. Bodies stay out: who may read the system's logs
/// may not read everybody's Secrets. Requests never wait; what finds no room is counted as other lines of the silo are.
/// </summary>
internal sealed class AuditLines(OwnLines lines) : IAuditSink
{
    /// <inheritdoc/>
    public ValueTask<bool> TakeAsync(AuditEvent item)
    {
        if (item.Stage is AuditStages.ResponseComplete or AuditStages.Panic)
        {
            lines.Offer(Encoding.UTF8.GetString((item.HasBodies ? item.WithoutBodies() : item).Json.Span));
        }

        return new(true);
    }
}
