using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Cloud;

/// <summary>In place of a controller for something that the cloud does not have.</summary>
internal sealed class RestingController : IController
{
    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);

    /// <inheritdoc/>
    public Task ResyncAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
