using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Scheduling;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Gives a scheduler its place in the cluster: where this grain is active, its <see cref="SchedulerLoop"/> runs, on the
/// thread pool. Should two
/// activations exist for a moment, the optimistic lock on each pod keeps a pod from being bound twice.
/// </summary>
[GrainType("scheduler")]
public sealed partial class SchedulerGrain : Grain, ISchedulerGrain
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly IServiceProvider _services;
    private readonly SchedulerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<SchedulerGrain> _logger;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public SchedulerGrain(
        IServiceProvider services, IOptions<SchedulerOptions> options, TimeProvider time, ILogger<SchedulerGrain> logger)
    {
        _services = services;
        _options = options.Value;
        _time = time;
        _logger = logger;
    }

    /// <inheritdoc/>
    public Task PingAsync()
    {
        if (_loop.IsCompleted && _options.Enabled && !_stop.IsCancellationRequested)
        {
            var loop = new SchedulerLoop(
                this.GetPrimaryKeyString(), _services.GetRequiredService<IResourceClient>(), _options, _time, _logger);
            _loop = Task.Run(() => RunAsync(loop), CancellationToken.None);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_loop, Task.Delay(StopLimit, _time, cancellationToken));
    }

    private async Task RunAsync(SchedulerLoop loop)
    {
        using var owned = loop;
        try
        {
            await loop.RunAsync(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The grain is ending.
        }
        catch (Exception error)
        {
            LogEnded(error);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the scheduler ended; the next ping starts it afresh")]
    private partial void LogEnded(Exception error);
}
