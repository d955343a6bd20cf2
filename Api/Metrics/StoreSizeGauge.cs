using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>
/// How much room the store takes, under upstream's name. It is asked before <c>/metrics</c> is answered; whoever reads
/// the gauge otherwise sees what was found then. While the store does not tell, there is no such series.
/// </summary>
public sealed partial class StoreSizeGauge
{
    private const long Unknown = -1;

    /// <summary>Figures of everything else are not held up for longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly IStoreSize? _store;
    private readonly TimeProvider _time;
    private readonly ILogger<StoreSizeGauge> _logger;
    private long _bytes = Unknown;

    /// <param name="meters">This host's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears when the store does not tell.</param>
    /// <param name="store">Null for one in memory, which has no size.</param>
    public StoreSizeGauge(
        IMeterFactory meters, TimeProvider time, ILogger<StoreSizeGauge> logger, IStoreSize? store = null)
    {
        (_store, _time, _logger) = (store, time, logger);
        meters.Create(ApiMetrics.MeterName).CreateObservableGauge(
            "apiserver_storage_size_bytes", Observe,
            description: "[STABLE] Size of the storage database file physically allocated in bytes.");
    }

    /// <summary>Asks the store.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        if (_store is null)
        {
            return;
        }

        using var late = new CancellationTokenSource(Patience, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            Volatile.Write(ref _bytes, await _store.ReadAsync(both.Token));
        }
        catch (Exception problem) when (!cancellationToken.IsCancellationRequested)
        {
            Volatile.Write(ref _bytes, Unknown);
            LogUnknown(problem.Message);
        }
    }

    private IEnumerable<Measurement<long>> Observe() => Volatile.Read(ref _bytes) is var bytes && bytes == Unknown
        ? []
        : [new Measurement<long>(bytes, new KeyValuePair<string, object?>("storage_cluster_id", "postgres-0"))];

    [LoggerMessage(1, LogLevel.Warning, "The store does not tell its size: {Reason}")]
    private partial void LogUnknown(string reason);
}
