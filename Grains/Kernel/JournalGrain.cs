using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Core.ResourceQuotas;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>The shell that gives a <see cref="Journal"/> its single thread, its address and its end.</summary>
[GrainType("journal")]
public sealed class JournalGrain : Grain, IJournalGrain, IQuotaBooksGrain
{
    private readonly Journal _journal;

    /// <summary>Null for all resources but ResourceQuotas.</summary>
    private readonly IQuotaBooks? _books;
    private readonly LocalRevision _local;
    private readonly JournalShutdown _shutdown;

    public JournalGrain(
        IJournalStore store, TimeProvider time, JournalOptions options, LocalRevisions locals, JournalShutdown shutdown,
        ILogger<JournalGrain> logger)
    {
        var resource = ResourceName.Parse(this.GetPrimaryKeyString());
        _books = ServiceProvider.GetRequiredService<IQuotaBooksFactory>().Create(resource);
        _journal = new Journal(resource, store, time, options, logger, DeactivateOnIdle, _books);
        _local = locals.Of(resource);
        _shutdown = shutdown;
    }

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var scheduler = TaskScheduler.Current;
        _shutdown.Add(_journal, () => Task.Factory.StartNew(
            () => _journal.EndAsync(CancellationToken.None), CancellationToken.None, TaskCreationOptions.None, scheduler).Unwrap());
        if (_shutdown.IsStopping)
        {
            await _journal.EndAsync(cancellationToken);
        }

        // What is promised counts as committed, and is known only to the journal's own thread.
        if (_books is null)
        {
            _local.Begin(_journal);
        }

        await base.OnActivateAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Outcome<ResourceObject>> CommitAsync(JournalWrite write, CancellationToken cancellationToken) =>
        _journal.CommitAsync(write, cancellationToken);

    /// <inheritdoc/>
    public Task<CommitAnswers> CommitManyAsync(JournalWrites writes, CancellationToken cancellationToken) =>
        _journal.CommitManyAsync(writes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken) =>
        _journal.GetRevisionAsync(cancellationToken);

    /// <inheritdoc/>
    public Task MoveBeyondAsync(long revision, CancellationToken cancellationToken) =>
        _journal.MoveBeyondAsync(revision, cancellationToken);

    /// <inheritdoc/>
    public Task<ResourceObject?> ReadAsync(ObjectKey key, CancellationToken cancellationToken) =>
        _journal.ReadAsync(key, cancellationToken);

    /// <inheritdoc/>
    public Task<ChangeBatch> ReadAfterAsync(
        long revision, int maxChanges, TimeSpan wait, CancellationToken cancellationToken) =>
        _journal.ReadAfterAsync(revision, maxChanges, wait, cancellationToken);

    /// <inheritdoc/>
    public Task<QuotaAnswer> ChargeAsync(QuotaRequest request, CancellationToken cancellationToken)
    {
        Invariant.Check(_books is not null, "only quotas are charged", this.GetPrimaryKeyString());
        return _journal.PromiseAsync(() => _books.TryCharge(_journal, request), cancellationToken);
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _shutdown.Remove(_journal);
        _local.End(_journal);
        await _journal.StopAsync(cancellationToken);
        await base.OnDeactivateAsync(reason, cancellationToken);
    }
}
