using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Audit;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>
/// Takes events of complete requests to where SQL can ask about them. Bodies stay out: the change log has them, and
/// Secrets' are nobody's.
/// </summary>
internal sealed class AuditTable(
    IAuditStore store, AuditMetrics metrics, TimeProvider time, ILogger<AuditTable> logger)
    : AuditSink("sql", Delivery, metrics, time, logger)
{
    private static readonly AuditDelivery Delivery =
        new() { MaxBatch = 500, MaxWait = TimeSpan.Zero, BatchesPerSecond = null };

    /// <inheritdoc/>
    public override ValueTask<bool> TakeAsync(AuditEvent item) =>
        item.Stage is AuditStages.ResponseComplete or AuditStages.Panic
            ? base.TakeAsync(item.HasBodies ? item.WithoutBodies() : item)
            : new(true);

    /// <inheritdoc/>
    protected override async Task<string?> DeliverAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken)
    {
        try
        {
            await store.AddAsync(events, cancellationToken);
            return null;
        }
        catch (StoreUnavailableException failure)
        {
            return failure.Message;
        }
    }
}
