using System.Collections.Concurrent;
using System.Text;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// The store behind encryption: what journals and caches hand over and get is plain, what lies below, objects and
/// change log, is encrypted. A value that no key opens becomes an object that says so (<see cref="StoredForm"/>), and
/// every other goes on.
/// </summary>
/// <param name="inner">What keeps the values.</param>
/// <param name="inUse">Which resources, and how.</param>
/// <param name="note">Told of the key with which a resource's values will be written, before the first is.</param>
internal sealed class EncryptingJournalStore(
    IJournalStore inner, EncryptionInUse inUse,
    Func<ResourceName, ResourceEncryption, CancellationToken, Task> note)
    : IJournalStore
{
    /// <summary>By what the values of a resource may be written, because it has been noted.</summary>
    private readonly ConcurrentDictionary<ResourceName, ResourceEncryption> _noted = new();

    /// <inheritdoc/>
    public async Task<JournalPosition> OpenAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        var position = await inner.OpenAsync(resource, cancellationToken);
        if (Find(resource) is { WritesWith.Length: > 0 } encryption)
        {
            await ReadyToWriteAsync(resource, encryption, cancellationToken);
        }

        return position;
    }

    /// <inheritdoc/>
    public async Task<bool> AppendAsync(
        ResourceName resource, long epoch, IReadOnlyList<Change> changes, CancellationToken cancellationToken)
    {
        if (Find(resource) is { WritesWith.Length: > 0 } encryption)
        {
            await ReadyToWriteAsync(resource, encryption, cancellationToken);
            changes = [.. changes.Select(change => Seal(resource, encryption, change))];
        }

        return await inner.AppendAsync(resource, epoch, changes, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> IsCurrentAsync(ResourceName resource, long epoch, CancellationToken cancellationToken) =>
        inner.IsCurrentAsync(resource, epoch, cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseAsync(ResourceName resource, long epoch, CancellationToken cancellationToken) =>
        inner.ReleaseAsync(resource, epoch, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<KeyRevision>> ReadRevisionsAsync(
        ResourceName resource, CancellationToken cancellationToken) =>
        inner.ReadRevisionsAsync(resource, cancellationToken);

    /// <inheritdoc/>
    public async Task<ObjectSnapshot> ReadSnapshotAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        var snapshot = await inner.ReadSnapshotAsync(resource, cancellationToken);
        if (Find(resource) is not { } encryption)
        {
            return snapshot;
        }

        var opened = new List<ResourceObject>(snapshot.Objects.Count);
        foreach (var item in snapshot.Objects)
        {
            opened.Add(await OpenAsync(resource, encryption, item, cancellationToken));
        }

        return snapshot with { Objects = opened };
    }

    /// <inheritdoc/>
    public async Task<ResourceObject?> ReadObjectAsync(
        ResourceName resource, ObjectKey key, CancellationToken cancellationToken)
    {
        var item = await inner.ReadObjectAsync(resource, key, cancellationToken);
        return item is not null && Find(resource) is { } encryption
            ? await OpenAsync(resource, encryption, item, cancellationToken)
            : item;
    }

    /// <inheritdoc/>
    public async Task<ChangeBatch> ReadChangesAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken) =>
        await OpenAsync(
            resource, await inner.ReadChangesAsync(resource, afterRevision, maxChanges, cancellationToken),
            cancellationToken);

    /// <inheritdoc/>
    public async Task<ChangeBatch> ReadHistoryAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken) =>
        await OpenAsync(
            resource, await inner.ReadHistoryAsync(resource, afterRevision, maxChanges, cancellationToken),
            cancellationToken);

    private ResourceEncryption? Find(ResourceName resource) => inUse.Current.Find(resource);

    /// <summary>Also when another configuration has come to be in use since the journal was opened.</summary>
    private async ValueTask ReadyToWriteAsync(
        ResourceName resource, ResourceEncryption encryption, CancellationToken cancellationToken)
    {
        if (_noted.TryGetValue(resource, out var noted) && noted == encryption)
        {
            return;
        }

        await encryption.ReadyAsync(cancellationToken);
        await note(resource, encryption, cancellationToken);
        _noted[resource] = encryption;
    }

    private static Change Seal(ResourceName resource, ResourceEncryption encryption, Change change)
    {
        var item = change.Object;
        var start = EncryptionMetrics.Now();
        try
        {
            var body = encryption.Seal(item.Json.Span, Encoding.UTF8.GetBytes(StoreKey(resource, item.Key)));
            EncryptionMetrics.Transformed(
                resource, EncryptionMetrics.ToStorage, encryption.WriterLabel, start, failed: false);
            return change with { Object = new ResourceObject(item.Key, item.Uid, item.Revision, body) };
        }
        catch (StoreUnavailableException failure)
        {
            EncryptionMetrics.Transformed(
                resource, EncryptionMetrics.ToStorage, encryption.WriterLabel, start, failed: true, failure);
            throw;
        }
    }

    private async Task<ChangeBatch> OpenAsync(
        ResourceName resource, ChangeBatch batch, CancellationToken cancellationToken)
    {
        if (Find(resource) is not { } encryption)
        {
            return batch;
        }

        var opened = new List<Change>(batch.Changes.Count);
        foreach (var change in batch.Changes)
        {
            opened.Add(change with
            {
                Object = await OpenAsync(resource, encryption, change.Object, cancellationToken),
                Previous = change.Previous is { } previous
                    ? await OpenAsync(resource, encryption, previous, cancellationToken)
                    : null,
            });
        }

        return batch with { Changes = opened };
    }

    private static async ValueTask<ResourceObject> OpenAsync(
        ResourceName resource, ResourceEncryption encryption, ResourceObject item, CancellationToken cancellationToken)
    {
        var start = EncryptionMetrics.Now();
        try
        {
            await encryption.PrepareAsync(item.Json, cancellationToken);
        }
        catch (StoreUnavailableException failure)
        {
            EncryptionMetrics.Transformed(
                resource, EncryptionMetrics.FromStorage, encryption.WriterLabel, start, failed: true, failure);
            throw;
        }

        var key = StoreKey(resource, item.Key);
        var opened = encryption.Open(item.Json, Encoding.UTF8.GetBytes(key));
        EncryptionMetrics.Transformed(
            resource, EncryptionMetrics.FromStorage, opened.Label, start, failed: opened.Problem is not null);
        return opened switch
        {
            { Problem: { } problem } => new ResourceObject(item.Key, item.Uid, item.Revision, StandIn(item))
            {
                Stored = new StoredForm { Key = key, Problem = problem },
            },
            { IsStale: true } => new ResourceObject(item.Key, item.Uid, item.Revision, opened.Value)
            {
                Stored = new StoredForm { Key = key },
            },
            _ => new ResourceObject(item.Key, item.Uid, item.Revision, opened.Value),
        };
    }

    /// <summary>Upstream's key of the object in its store: what is authenticated, and what messages name.</summary>
    private static string StoreKey(ResourceName resource, ObjectKey key) => key.Namespace.Length > 0
        ? $"/registry/{resource}/{key.Namespace}/{key.Name}"
        : $"/registry/{resource}/{key.Name}";

    /// <summary>What is known of an unreadable object. Names and uids need no escapes.</summary>
    private static byte[] StandIn(ResourceObject item)
    {
        var space = item.Key.Namespace.Length > 0 ? $"\"namespace\":\"{item.Key.Namespace}\"," : "";
        return Encoding.UTF8.GetBytes(
            $"{{\"metadata\":{{\"name\":\"{item.Key.Name}\",{space}\"uid\":\"{item.Uid}\","
            + $"\"resourceVersion\":\"{item.Revision}\"}}}}");
    }
}
