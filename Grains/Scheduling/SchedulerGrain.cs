using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Scheduling;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// Gives a scheduler its place in the cluster: where this grain is active, its <see cref="SchedulerLoop"/> runs, on the
/// thread pool. Should two activations exist for a moment, the optimistic lock on each pod keeps a pod from being bound
/// twice.
/// </summary>
[GrainType("scheduler")]
public sealed partial class SchedulerGrain : Grain, ISchedulerGrain
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly IServiceProvider _services;
    private readonly SchedulerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<SchedulerGrain> _logger;
    private readonly BackgroundWork _work;

    public SchedulerGrain(
        IServiceProvider services, IOptions<SchedulerOptions> options, TimeProvider time, ILogger<SchedulerGrain> logger)
    {
        _services = services;
        _options = options.Value;
        _time = time;
        _logger = logger;
        _work = new BackgroundWork(time);
    }

    /// <inheritdoc/>
    public Task PingAsync()
    {
        if (_options.Enabled)
        {
            _work.TryStart(RunAsync);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _work.StopAsync(StopLimit, cancellationToken);

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var loop = new SchedulerLoop(
                _services.GetRequiredService<IResourceClient>(), _options, _time, _logger);
            await loop.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
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
