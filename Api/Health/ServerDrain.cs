using Microsoft.Extensions.Hosting;
using OrleansOrchestrator.Api.Cache;

namespace OrleansOrchestrator.Api.Health;

/// <summary>
/// The end of a server in good order. First readiness fails while everything is still served, for as long as load
/// balancers need to hear of it; then watches end (their clients go on at another server); then the web server takes no
/// new connections and finishes the requests that it has, which still need the caches; only then do the caches end, and
/// after them the silo. Must be registered after the silo and before the web server: hosts stop in the opposite order.
/// </summary>
public sealed class ServerDrain(DrainOptions options, ResourceCaches caches, TimeProvider time)
    : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _watchesEnd = new();

    /// <summary>When watches end.</summary>
    public CancellationToken WatchesEnd => _watchesEnd.Token;

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (options.Delay > TimeSpan.Zero)
        {
            await Task.Delay(options.Delay, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _watchesEnd.CancelAsync();
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        caches.Close();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _watchesEnd.Dispose();
}

/// <summary>How a server ends.</summary>
public sealed class DrainOptions
{
    /// <summary>How long everything is served after readiness has failed.</summary>
    public TimeSpan Delay { get; set; }
}
