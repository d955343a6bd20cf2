using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Kernel;
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
    private BackgroundWork _work = new(time);
    private HollowNodeSettings? _settings;

    /// <inheritdoc/>
    public async Task EnsureRunningAsync(HollowNodeSettings settings)
    {
        if (_settings is not null && _settings != settings)
        {
            await _work.StopAsync(StopLimit, CancellationToken.None);
            _work = new BackgroundWork(time);
        }

        _settings = settings;
        _work.TryStart(stopping => RunAsync(settings, stopping));
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _work.StopAsync(StopLimit, CancellationToken.None);

    private async Task RunAsync(HollowNodeSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            var fleet = new HollowFleet(settings, services.GetRequiredService<IResourceClient>(), time, _logger);
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
