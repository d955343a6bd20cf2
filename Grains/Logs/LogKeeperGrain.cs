using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Logs;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Grains.Logs;

/// <summary>
/// Has <see cref="LogMaintenance"/> run each minute, in the background of its activation. Without a store of logs it
/// does nothing.
/// </summary>
[GrainType("log-keeper")]
public sealed partial class LogKeeperGrain(IServiceProvider services, TimeProvider time, ILogger<LogKeeperGrain> logger)
    : Grain, ILogKeeperGrain, IRemindable
{
    private const string Reminder = "maintain";

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private Task _round = Task.CompletedTask;

    /// <inheritdoc/>
    public Task EnsureRunningAsync() => this.RegisterOrUpdateReminder(Reminder, Period, Period);

    /// <inheritdoc/>
    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_round.IsCompleted && services.GetService<LogMaintenance>() is { } maintenance)
        {
            // Off the grain's scheduler: compressing is no turn of a grain.
            _round = Task.Factory.StartNew(
                () => RunAsync(maintenance), CancellationToken.None, TaskCreationOptions.None,
                    TaskScheduler.Default).Unwrap();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_round, Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken));
    }

    private async Task RunAsync(LogMaintenance maintenance)
    {
        try
        {
            await maintenance.RunAsync(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
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
