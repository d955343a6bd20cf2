using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Logs;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Grains.Logs;

/// <summary>
/// Has <see cref="LogMaintenance"/> run each minute, and <see cref="EventFeed"/> all the time, in the background of its
/// activation. Without a store of logs it does nothing.
/// </summary>
[GrainType("log-keeper")]
public sealed partial class LogKeeperGrain(IServiceProvider services, TimeProvider time, ILogger<LogKeeperGrain> logger)
    : Grain, ILogKeeperGrain, IRemindable
{
    private const string Reminder = "maintain";

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly BackgroundWork _work = new(time);
    private readonly BackgroundWork _events = new(time);

    /// <inheritdoc/>
    public Task EnsureRunningAsync()
    {
        StartEvents();
        return this.RegisterOrUpdateReminder(Reminder, Period, Period);
    }

    /// <inheritdoc/>
    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (services.GetService<LogMaintenance>() is { } maintenance)
        {
            _work.TryStart(stopping => RunAsync(maintenance, stopping));
        }

        StartEvents();

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        Task.WhenAll(
            _work.StopAsync(Timeout.InfiniteTimeSpan, cancellationToken),
            _events.StopAsync(Timeout.InfiniteTimeSpan, cancellationToken));

    private void StartEvents()
    {
        if (services.GetService<EventFeed>() is { } feed)
        {
            _events.TryStart(feed.RunAsync);
        }
    }

    private async Task RunAsync(LogMaintenance maintenance, CancellationToken cancellationToken)
    {
        try
        {
            await maintenance.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The activation goes; the next one begins again.
        }
        catch (Exception failure) when (failure is LogStoreException or InvalidDataException)
        {
            LogFailed(failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "the store of logs could not be put in order; trying again in a minute")]
    private partial void LogFailed(Exception failure);
}
