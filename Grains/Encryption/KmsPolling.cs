using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>Keeps the seeds of all plugins up to date while the silo runs.</summary>
internal sealed class KmsPolling(EncryptionConfiguration configuration, ILogger<KmsPolling> logger) : BackgroundService
{
    public override void Dispose()
    {
        configuration.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(configuration.Plugins.Select(plugin => plugin.RunAsync(logger, stoppingToken)));
}
