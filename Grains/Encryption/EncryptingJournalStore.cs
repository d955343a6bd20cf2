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
        return Find(resource) is { } encryption
            ? snapshot with { Objects = [.. snapshot.Objects.Select(item => Open(resource, encryption, item))] }
            : snapshot;
    }

    /// <inheritdoc/>
    public async Task<ResourceObject?> ReadObjectAsync(
        ResourceName resource, ObjectKey key, CancellationToken cancellationToken)
    {
        var item = await inner.ReadObjectAsync(resource, key, cancellationToken);
        return item is not null && Find(resource) is { } encryption ? Open(resource, encryption, item) : item;
    }

    /// <inheritdoc/>
    public async Task<ChangeBatch> ReadChangesAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken) =>
        Open(resource, await inner.ReadChangesAsync(resource, afterRevision, maxChanges, cancellationToken));

    /// <inheritdoc/>
    public async Task<ChangeBatch> ReadHistoryAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken) =>
        Open(resource, await inner.ReadHistoryAsync(resource, afterRevision, maxChanges, cancellationToken));

    private ResourceEncryption? Find(ResourceName resource) =>
        _encryptions.GetOrAdd(resource, static (name, known) => known.Find(name), configuration);

    private static Change Seal(ResourceName resource, ResourceEncryption encryption, Change change)
    {
        var item = change.Object;
        var body = encryption.Seal(item.Json.Span, Encoding.UTF8.GetBytes(StoreKey(resource, item.Key)));
        Count("to_storage", encryption.WritesWith, "OK");
        return change with { Object = new ResourceObject(item.Key, item.Uid, item.Revision, body) };
    }

    private ChangeBatch Open(ResourceName resource, ChangeBatch batch) =>
        Find(resource) is { } encryption
            ? batch with { Changes = [.. batch.Changes.Select(change => Open(resource, encryption, change))] }
            : batch;

    private static Change Open(ResourceName resource, ResourceEncryption encryption, Change change) => change with
    {
        Object = Open(resource, encryption, change.Object),
        Previous = change.Previous is { } previous ? Open(resource, encryption, previous) : null,
    };

    private static ResourceObject Open(ResourceName resource, ResourceEncryption encryption, ResourceObject item)
    {
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
