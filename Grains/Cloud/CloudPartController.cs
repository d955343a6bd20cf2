using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Cloud;

/// <summary>
/// A controller for a part of a cloud, as soon as the cloud says that it has that part. Until then, and when it has
/// not, it rests.
/// </summary>
internal sealed class CloudPartController<T>(
    ICloudProvider cloud, Func<ICloudProvider, T?> part, Func<T, IController> create) : IController
    where T : class
{
    private volatile IController? _controller;

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await cloud.ReadyAsync(cancellationToken);
        if (part(cloud) is not { } found)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return;
        }

        _controller ??= create(found);
        await _controller.RunAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task ResyncAsync(CancellationToken cancellationToken) =>
        _controller?.ResyncAsync(cancellationToken) ?? Task.CompletedTask;
}
