using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Asks for the cluster's identity again each minute, for its keys of tokens: a key is published long before it signs,
/// so that a silo knows it in time. What cannot be asked stays as it was.
/// </summary>
public sealed partial class TrustFollower(TrustStore trustStore, TimeProvider time, ILogger<TrustFollower> logger)
    : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await LookAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host ends.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await trustStore.LoadAsync(cancellationToken);
        }
        catch (Exception failure) when (
            failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            LogFailed(failure.Message);
        }
    }

    [LoggerMessage(
        1, LogLevel.Warning, "The keys of tokens could not be asked for; those that are known stay: {Problem}")]
    private partial void LogFailed(string problem);
}
