using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// Keeps the seeds of all plugins up to date while the silo runs, and closes the connections to those that a later
/// configuration has no more, when nobody can be calling them.
/// </summary>
internal sealed class KmsPolling(EncryptionInUse inUse, TimeProvider time, ILogger<KmsPolling> logger)
    : BackgroundService
{
    public override void Dispose()
    {
        inUse.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var closing = Task.CompletedTask;
        while (!stoppingToken.IsCancellationRequested)
        {
            var generation = inUse.Now;
            await PollAsync(generation, stoppingToken);
            if (generation.Ended.IsCompleted)
            {
                closing = Task.WhenAll(closing, CloseAsync(generation, stoppingToken));
            }
        }

        await closing;
    }

    /// <summary>Until another configuration is in use, or the host ends.</summary>
    private async Task PollAsync(EncryptionGeneration generation, CancellationToken stoppingToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task[] runs = [.. generation.Configuration.Plugins.Select(plugin => plugin.RunAsync(logger, end.Token))];
        var first = await Task.WhenAny([generation.Ended.WaitAsync(stoppingToken), .. runs]);
        await end.CancelAsync();
        try
        {
            await first;
            await Task.WhenAll(runs);
        }
        catch (OperationCanceledException) when (runs.All(static r => !r.IsFaulted))
        {
            // What was to end has ended.
        }
    }

    private async Task CloseAsync(EncryptionGeneration generation, CancellationToken stoppingToken)
    {
        try
        {
            await Task.Delay(generation.Grace, time, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Nobody calls any more.
        }

        generation.Configuration.Dispose();
    }
}
