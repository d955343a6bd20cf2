using System.Collections.Concurrent;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Ends the journals of a silo that stops, before the others hear of it: each finishes its batch in flight and releases its
/// epoch, so that a successor need not wait for the lease. From then on this silo opens none. It also sends away the readers of
/// other silos that wait for changes, because deactivation waits for calls in progress.
/// </summary>
public sealed class JournalShutdown : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>A store that does not answer must not hold up the end: the lease does what the release would have done.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<object, Func<Task>> _journals = new(ReferenceEqualityComparer.Instance);
    private readonly TimeProvider _time;
    private volatile bool _isStopping;

    public JournalShutdown(TimeProvider time) => _time = time;

    public bool IsStopping => _isStopping;

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(JournalShutdown), ServiceLifecycleStage.Last, static _ => Task.CompletedTask, StopAsync);

    /// <summary>Says how a journal is ended; from any thread.</summary>
    internal void Add(object journal, Func<Task> end) => _journals[journal] = end;

    internal void Remove(object journal) => _journals.TryRemove(journal, out _);

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        _isStopping = true;
        await Task.WhenAll(_journals.Values.Select(static end => end()))
            .WaitAsync(Patience, _time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
