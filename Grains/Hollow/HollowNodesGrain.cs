using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Hollow;

/// <summary>
/// Gives a fleet of hollow nodes its place in the cluster: where this grain is active, its <see cref="HollowFleet"/>
/// runs.
/// </summary>
[GrainType("hollow-nodes")]
public sealed partial class HollowNodesGrain(
    IServiceProvider services, TimeProvider time, ILogger<HollowNodesGrain> logger)
    : Grain, IHollowNodesGrain
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly ILogger<HollowNodesGrain> _logger = logger;
    private CancellationTokenSource _stop = new();
    private HollowNodeSettings? _settings;
    private Task _run = Task.CompletedTask;

    /// <inheritdoc/>
    public async Task EnsureRunningAsync(HollowNodeSettings settings)
    {
        if (_settings is not null && _settings != settings)
        {
            await StopAsync();
            _stop = new CancellationTokenSource();
        }

        _settings = settings;
        if (_run.IsCompleted && !_stop.IsCancellationRequested)
        {
            var fleet = new HollowFleet(settings, services.GetRequiredService<IResourceClient>(), time, _logger);
            var stop = _stop.Token;
            _run = Task.Run(() => RunAsync(fleet, stop), CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        StopAsync();

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_run, Task.Delay(StopLimit, time));
    }

    private async Task RunAsync(HollowFleet fleet, CancellationToken cancellationToken)
    {
        try
        {
            await fleet.RunAsync(cancellationToken);
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

    [LoggerMessage(Level = LogLevel.Error, Message = "the hollow nodes ended; the next ping starts them afresh")]
    private partial void LogEnded(Exception error);
}
