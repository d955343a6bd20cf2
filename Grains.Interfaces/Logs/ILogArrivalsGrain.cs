using Orleans.Concurrency;

namespace OrleansOrchestrator.Interfaces.Logs;

/// <summary>
/// Tells whoever follows logs that there are new ones, whichever silo took them. One for the cluster, with key 0. It
/// keeps nothing: who missed something looks by himself after some seconds.
/// </summary>
[Alias("orch.log-arrivals-grain")]
public interface ILogArrivalsGrain : IGrainWithIntegerKey
{
    /// <summary>Something was stored. May be lost.</summary>
    [Alias("Arrived"), OneWay, AlwaysInterleave]
    Task ArrivedAsync();

    /// <summary>
    /// Completes when something came since the mark was given, at once for one that is not known, and after some
    /// seconds in any case; returns the next mark.
    /// </summary>
    [Alias("Wait"), AlwaysInterleave]
    Task<long> WaitAsync(long mark, CancellationToken cancellationToken);
}
