using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Logs;

namespace OrleansOrchestrator.Grains.Logs;

/// <summary>Sees to the keeper's reminder, once, after which Orleans does.</summary>
internal sealed partial class LogKeeperStarter(IGrainFactory grains, TimeProvider time,
    ILogger<LogKeeperStarter> logger)
    : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await grains.GetGrain<ILogKeeperGrain>(0).EnsureRunningAsync();
                return;
            }
            catch (Exception failure)
            {
                LogFailed(failure);
            }

            await Task.Delay(RetryDelay, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the keeper of logs could not be started; trying again")]
    private partial void LogFailed(Exception failure);
}
