using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Moves the change log on: begins segments and drops those past retention. Every silo tries, one at a time succeeds.
/// </summary>
internal sealed partial class ChangeLogMaintenance(
    PostgresJournalStore store, ChangeRetention retention, TimeProvider time, ILogger<ChangeLogMaintenance> logger)
    : BackgroundService
{
    private static readonly TimeSpan ShortestPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var period = TimeSpan.FromTicks(Math.Clamp(
            retention.Time.Ticks / retention.Segments / 4, ShortestPeriod.Ticks, LongestPeriod.Ticks));
        using var timer = new PeriodicTimer(period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await store.MaintainAsync(retention, stoppingToken);
            }
            catch (StoreUnavailableException error)
            {
                LogFailed(logger, error.Message);
            }
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The change log could not be maintained; trying again later. {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
