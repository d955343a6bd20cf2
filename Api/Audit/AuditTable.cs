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
    : AuditSink(new AuditSinkShape("sql", Buffer, MaxBatch), metrics, time, logger)
{
    private const int Buffer = 10_000;
    private const int MaxBatch = 500;

    private readonly TimeProvider _time = time;

    /// <inheritdoc/>
    public override void Take(AuditRecord record, AuditStages stage, ReadOnlyMemory<byte> json)
    {
        if (stage is AuditStages.ResponseComplete or AuditStages.Panic)
        {
            base.Take(record, stage, record.RequestObject.IsEmpty && record.ResponseObject.IsEmpty
                ? json
                : AuditEventWriter.Write(record, stage, _time.GetUtcNow(), withBodies: false));
        }
    }

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
