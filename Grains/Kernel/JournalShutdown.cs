using System.Collections.Concurrent;
using Orleans.Runtime;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// Ends the journals of a silo that stops, before the others hear of it: each finishes its batch in flight and releases
/// its epoch, so that a successor need not wait for the lease. From then on this silo opens none. It also sends away
/// the readers of other silos that wait for changes, because deactivation waits for calls in progress. Later, when the
/// others have been told that this silo stops, it lingers: calls that arrived meanwhile were passed on to a successor,
/// and their callers would take the end of this silo for the end of those calls.
/// </summary>
public sealed class JournalShutdown : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>
    /// A store that does not answer must not hold up the end: the lease does what the release would have done.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Longer than a call takes that a successor answers; nobody waits for it.</summary>
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<object, Func<Task>> _journals = new(ReferenceEqualityComparer.Instance);
    private readonly IClusterMembershipService _membership;
    private readonly ILocalSiloDetails _self;
    private readonly TimeProvider _time;
    private volatile bool _isStopping;

    public JournalShutdown(IClusterMembershipService membership, ILocalSiloDetails self, TimeProvider time) =>
        (_membership, _self, _time) = (membership, self, time);

    public bool IsStopping => _isStopping;

    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(
            nameof(JournalShutdown), ServiceLifecycleStage.Last, static _ => Task.CompletedTask, StopAsync);
        // The silo tells the others when it leaves the stage above.
        lifecycle.Subscribe(
            nameof(LingerAsync), ServiceLifecycleStage.BecomeActive - 1, static _ => Task.CompletedTask, LingerAsync);
    }

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

    private async Task LingerAsync(CancellationToken cancellationToken)
    {
        var others = _membership.CurrentSnapshot.Members.Values.Any(
            m => m.Status == SiloStatus.Active && !m.SiloAddress.Equals(_self.SiloAddress));
        if (others)
        {
            await Task.Delay(LingerTime, _time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
