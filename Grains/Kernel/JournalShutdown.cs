namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Tells the journals of a silo that it stops, before Orleans deactivates them: deactivation waits for calls in
/// progress, and readers of other silos wait at a journal for changes.
/// </summary>
public sealed class JournalShutdown : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    public CancellationToken Stopping => _stopping.Token;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(JournalShutdown),
        ServiceLifecycleStage.Last,
        static _ => Task.CompletedTask,
        _ => _stopping.CancelAsync());

    public void Dispose() => _stopping.Dispose();
}
