using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// The store behind encryption: what journals and caches hand over and get is plain, what lies below, objects and
/// change log, is encrypted. A value that no key opens becomes an object that says so (<see cref="StoredForm"/>), and
/// every other goes on.
/// </summary>
/// <param name="inner">What keeps the values.</param>
/// <param name="configuration">Which resources, and how.</param>
/// <param name="note">Told of the key with which a resource's values will be written, before the first is.</param>
internal sealed class EncryptingJournalStore(
    IJournalStore inner, EncryptionConfiguration configuration,
    Func<ResourceName, ResourceEncryption, CancellationToken, Task> note)
    : IJournalStore
{
    private static readonly Counter<long> Operations = new Meter("OrleansOrchestrator.Encryption").CreateCounter<long>(
        "apiserver_storage_transformation_operations_total", description: "Total number of transformations.");

    private readonly ConcurrentDictionary<ResourceName, ResourceEncryption?> _encryptions = new();

    /// <inheritdoc/>
    public async Task<JournalPosition> OpenAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        var position = await inner.OpenAsync(resource, cancellationToken);
        if (Find(resource) is { WritesWith.Length: > 0 } encryption)
        {
            await encryption.ReadyAsync(cancellationToken);
            await note(resource, encryption, cancellationToken);
        }

        return position;
    }

    /// <inheritdoc/>
    public Task<bool> AppendAsync(
        ResourceName resource, long epoch, IReadOnlyList<Change> changes, CancellationToken cancellationToken) =>
        inner.AppendAsync(
            resource,
            epoch,
            Find(resource) is { WritesWith.Length: > 0 } encryption
                ? [.. changes.Select(change => Seal(resource, encryption, change))]
                : changes,
            cancellationToken);

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

    private ResourceEncryption? Find(ResourceName resource) =>
        _encryptions.GetOrAdd(resource, static (name, known) => known.Find(name), configuration);

    private static Change Seal(ResourceName resource, ResourceEncryption encryption, Change change)
    {
        var item = change.Object;
        var body = encryption.Seal(item.Json.Span, Encoding.UTF8.GetBytes(StoreKey(resource, item.Key)));
        Count("to_storage", encryption.WritesWith, "OK");
        return change with { Object = new ResourceObject(item.Key, item.Uid, item.Revision, body) };
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
        await encryption.PrepareAsync(item.Json, cancellationToken);
        var key = StoreKey(resource, item.Key);
        var opened = encryption.Open(item.Json, Encoding.UTF8.GetBytes(key));
        Count("from_storage", encryption.WritesWith, opened.Problem is null ? "OK" : "Internal");
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

    private static void Count(string type, string prefix, string status)
    {
        if (Operations.Enabled)
        {
            Operations.Add(
                1, new("transformation_type", type), new("transformer_prefix", prefix), new("status", status));
        }
    }
}
