namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>A configuration for as long as it is in use.</summary>
internal sealed class EncryptionGeneration(EncryptionConfiguration configuration)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EncryptionConfiguration Configuration => configuration;

    /// <summary>Ends when another is in use.</summary>
    public Task Ended => _ended.Task;

    /// <summary>How long calls to its plugins, one after the other, may go on that began before.</summary>
    public TimeSpan Grace =>
        configuration.Plugins.Aggregate(TimeSpan.Zero, static (sum, plugin) => sum + plugin.Timeout);

    public void End() => _ended.TrySetResult();
}
