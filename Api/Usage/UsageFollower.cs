using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>
/// Brings each round to this silo's memory: one grain asks the nodes, and all silos wait for what it learns. That they
/// wait keeps the grain alive.
/// </summary>
internal sealed partial class UsageFollower(
    IGrainFactory grains, UsageStore store, IOptions<UsageOptions> options, TimeProvider time,
    ILogger<UsageFollower> logger)
    : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var slot = 0L;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var round = await grains.GetGrain<IUsageGrain>(UsageGrainKey.Only).NextAsync(slot, stoppingToken);
                if (round is not null)
                {
                    slot = round.Slot;
                    store.Take(round, options.Value.Period);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogFailed(failure.Message);
                await Task.Delay(options.Value.RetryAfter, time, stoppingToken).ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the nodes' figures cannot be had now: {Reason}")]
    private partial void LogFailed(string reason);
}
