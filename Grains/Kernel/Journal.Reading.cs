using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>What readers are answered: nothing that is not published, and nothing without the lease.</summary>
internal sealed partial class Journal
{
    /// <summary>How often a read re-reads an object that a batch in flight is changing.</summary>
    private const int MaxReadAttempts = 10;

    /// <inheritdoc/>
    /// <remarks>
    /// From any thread. The lease is looked at last: while it is valid nobody else has committed, so what was read
    /// before was the newest then. What is promised (<see cref="IDeferredWrites"/>) is not in it.
    /// </remarks>
    public bool TryRead(out long revision)
    {
        revision = Volatile.Read(ref _revision);
        return _lease.IsValid;
    }

    public async ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken)
    {
        await OpenAsync();
        await FlushAsync(cancellationToken);
        await HoldLeaseAsync(cancellationToken);
        return _revision;
    }

    public async Task<ResourceObject?> ReadAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        await OpenAsync();
        await FlushAsync(cancellationToken);
        return await ReadStoredAsync(key, cancellationToken);
    }

    /// <summary>True for the newest published version of an object.</summary>
    public bool IsNewest(ResourceObject item) => _index.RevisionOf(item.Key) == item.Revision;

    /// <summary>The newest published version; what is promised is not in it.</summary>
    public async Task<ResourceObject?> ReadStoredAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxReadAttempts; attempt++)
        {
            await HoldLeaseAsync(cancellationToken);
            var revision = _index.RevisionOf(key);
            if (revision == 0)
            {
                return null;
            }

            if (_index.InMemory(key) is { } known)
            {
                return known;
            }

            var stored = await store.ReadObjectAsync(resource, key, cancellationToken);
            if (stored is not null && stored.Revision == _index.RevisionOf(key) && _lease.IsValid)
            {
                return stored;
            }

            // The store is ahead of what is published: a batch with this object is in flight. Its end decides.
            await BatchEndedAsync().WaitAsync(cancellationToken);
        }

        throw new StoreUnavailableException($"{resource} {key} changes too fast to be read; try again later");
    }

    public async Task<ChangeBatch> ReadAfterAsync(
        long revision, int maxChanges, TimeSpan wait, CancellationToken cancellationToken)
    {
        await OpenAsync();
        if (revision > _revision)
        {
            // A reader that knows more: either we are stale, which the check finds out, or the database went back in
            // time.
            await CheckFenceAsync();
            if (revision > _revision)
            {
                return new ChangeBatch { Changes = [], Revision = _revision, TooOld = true };
            }
        }

        if (revision == _revision && wait > TimeSpan.Zero)
        {
            await WaitForPublicationAsync(wait, cancellationToken);
        }

        return revision >= _ring.After ? ReadRing(revision, maxChanges) : await ReadLogAsync(revision, maxChanges, cancellationToken);
    }

    private ChangeBatch ReadRing(long revision, int maxChanges)
    {
        var changes = _ring.Read(revision, maxChanges, options.MaxReadBytes);
        return new ChangeBatch { Changes = changes, Revision = revision + changes.Length };
    }

    private async Task<ChangeBatch> ReadLogAsync(long revision, int maxChanges, CancellationToken cancellationToken)
    {
        var batch = await store.ReadChangesAsync(resource, revision, maxChanges, cancellationToken);
        if (batch.TooOld || batch.Revision <= _revision)
        {
            return batch;
        }

        // The store may already have a batch that is not answered yet: nothing is shown before it is published.
        var visible = batch.Changes.Where(c => c.Object.Revision <= _revision).ToArray();
        return new ChangeBatch { Changes = visible, Revision = _revision };
    }
}
