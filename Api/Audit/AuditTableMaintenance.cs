using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Audit;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>Lets go of old events. Every silo tries, one at a time does it.</summary>
internal sealed partial class AuditTableMaintenance(
    IAuditStore store, TimeProvider time, ILogger<AuditTableMaintenance> logger)
    : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await store.MaintainAsync(stoppingToken);
            }
            catch (StoreUnavailableException failure)
            {
                LogFailed(logger, failure.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Old audit events could not be removed; trying again later. {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
