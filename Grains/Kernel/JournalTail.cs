using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// What a grain knows of a journal that it reads up to its newest revision before it decides. Not for concurrent use.
/// </summary>
/// <param name="resource">The journal.</param>
/// <param name="store">Where it is read from its beginning.</param>
/// <param name="clear">Forgets all, before that.</param>
/// <param name="see">Takes one change, or one object that is there.</param>
internal sealed class JournalTail(ResourceName resource, IJournalStore store, Action clear, Action<Change> see)
{
    private const int MaxChangesPerRead = 1000;
    private const long Unread = -1;

    private long _position = Unread;

    /// <summary>Reads all that was committed before the call.</summary>
    public async Task CatchUpAsync(IGrainFactory grains, CancellationToken cancellationToken)
    {
        var journal = grains.GetGrain<IJournalGrain>(resource.ToString());
        var newest = await journal.GetRevisionAsync(cancellationToken);
        if (_position == Unread)
        {
            await LoadAsync(cancellationToken);
        }

        while (_position < newest)
        {
            var batch = await journal.ReadAfterAsync(_position, MaxChangesPerRead, TimeSpan.Zero, cancellationToken);
            if (batch.TooOld)
            {
                await LoadAsync(cancellationToken);
                continue;
            }

            foreach (var change in batch.Changes.Where(static c => !c.IsNothing))
            {
                see(change);
            }

            _position = batch.Revision;
        }
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var snapshot = await store.ReadSnapshotAsync(resource, cancellationToken);
        clear();
        foreach (var item in snapshot.Objects)
        {
            see(new Change(ChangeKind.Added, item));
        }

        _position = snapshot.Revision;
    }
}
