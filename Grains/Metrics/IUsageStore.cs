using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>Where the history is kept.</summary>
internal interface IUsageStore : IUsageHistory
{
    /// <summary>
    /// Adds a round, once: what is there of it already stays. Throws <see
    /// cref="Interfaces.Kernel.StoreUnavailableException"/> when it may not be there.
    /// </summary>
    Task WriteAsync(long slot, IReadOnlyList<UsageLine> lines, CancellationToken cancellationToken);

    /// <summary>Packs what is over, and drops what is past its time. Call it after each round.</summary>
    Task MaintainAsync(DateTimeOffset now, CancellationToken cancellationToken);
}
