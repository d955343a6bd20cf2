using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>The shell that gives a <see cref="Journal"/> its single thread, its address and its end.</summary>
[GrainType("journal")]
public sealed class JournalGrain : Grain, IJournalGrain
{
    private readonly Journal _journal;
    private readonly CancellationTokenRegistration _stopping;

    public JournalGrain(
        IJournalStore store, TimeProvider time, JournalOptions options, JournalShutdown shutdown, ILogger<JournalGrain> logger)
    {
        var resource = ResourceName.Parse(this.GetPrimaryKeyString());
        _journal = new Journal(resource, store, time, options, logger, DeactivateOnIdle);
        _stopping = shutdown.Stopping.UnsafeRegister(static journal => ((Journal)journal!).DismissReaders(), _journal);
    }

    /// <inheritdoc/>
    public Task<Outcome<ResourceObject>> CommitAsync(JournalWrite write, CancellationToken cancellationToken) =>
        _journal.CommitAsync(write, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken) => _journal.GetRevisionAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<ResourceObject?> ReadAsync(ObjectKey key, CancellationToken cancellationToken) =>
        _journal.ReadAsync(key, cancellationToken);

    /// <inheritdoc/>
    public Task<ChangeBatch> ReadAfterAsync(
        long revision, int maxChanges, TimeSpan wait, CancellationToken cancellationToken) =>
        _journal.ReadAfterAsync(revision, maxChanges, wait, cancellationToken);

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _stopping.DisposeAsync();
        await _journal.StopAsync(cancellationToken);
        await base.OnDeactivateAsync(reason, cancellationToken);
    }
}
