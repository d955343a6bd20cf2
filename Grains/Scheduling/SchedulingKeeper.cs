using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Grains.Hollow;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Interfaces.Scheduling;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Keeps the scheduler and hollow nodes of the cluster active: when their silo is lost, the next ping makes them live
/// elsewhere.
/// </summary>
public sealed partial class SchedulingKeeper(
    IGrainFactory grains,
    IOptions<SchedulerOptions> scheduler,
    IOptions<HollowNodeOptions> hollow,
    TimeProvider time,
    ILogger<SchedulingKeeper> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await PingAllAsync();
            }
            catch (Exception error)
            {
                LogUnreachable(error.Message);
            }

            await Task.Delay(scheduler.Value.KeeperPeriod, time, stoppingToken).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PingAllAsync()
    {
        if (scheduler.Value.Enabled)
        {
            await grains.GetGrain<ISchedulerGrain>(SchedulerNames.Default).PingAsync();
        }

        if (hollow.Value.Settings is { Count: > 0 } settings)
        {
            await grains.GetGrain<IHollowNodesGrain>(settings.NamePrefix).EnsureRunningAsync(settings);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "the scheduler or the hollow nodes cannot be reached now: {Error}")]
    private partial void LogUnreachable(string error);
}
