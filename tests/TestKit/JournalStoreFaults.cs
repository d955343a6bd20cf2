using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.TestKit;

/// <summary>A store in front of another, for tests to hold, break or observe single operations.</summary>
public class JournalStoreFaults(IJournalStore inner) : IJournalStore
{
    protected IJournalStore Inner => inner;

    /// <summary>Runs instead of an append, with the real one as its argument.</summary>
    public Func<IReadOnlyList<Change>, Func<Task<bool>>, Task<bool>>? OnAppend { get; set; }

    public Func<Func<Task<bool>>, Task<bool>>? OnIsCurrent { get; set; }

    public Func<Func<Task<ObjectSnapshot>>, Task<ObjectSnapshot>>? OnReadSnapshot { get; set; }

    public Func<Func<Task<JournalPosition>>, Task<JournalPosition>>? OnOpen { get; set; }

    /// <summary>The number of changes of every batch that was sent.</summary>
    public List<int> Batches { get; } = [];

    public Task<JournalPosition> OpenAsync(ResourceName resource, CancellationToken cancellationToken) =>
        OnOpen is { } on
            ? on(() => inner.OpenAsync(resource, cancellationToken))
            : inner.OpenAsync(resource, cancellationToken);

    public virtual Task<bool> AppendAsync(
        ResourceName resource, long epoch, IReadOnlyList<Change> changes, CancellationToken cancellationToken)
    {
        lock (Batches)
        {
            Batches.Add(changes.Count);
        }

        return OnAppend is { } on
            ? on(changes, () => inner.AppendAsync(resource, epoch, changes, cancellationToken))
            : inner.AppendAsync(resource, epoch, changes, cancellationToken);
    }

    public Task<bool> IsCurrentAsync(ResourceName resource, long epoch, CancellationToken cancellationToken) =>
        OnIsCurrent is { } on
            ? on(() => inner.IsCurrentAsync(resource, epoch, cancellationToken))
            : inner.IsCurrentAsync(resource, epoch, cancellationToken);

    public Task ReleaseAsync(ResourceName resource, long epoch, CancellationToken cancellationToken) =>
        inner.ReleaseAsync(resource, epoch, cancellationToken);

    public Task<IReadOnlyList<KeyRevision>> ReadRevisionsAsync(
        ResourceName resource, CancellationToken cancellationToken) =>
        inner.ReadRevisionsAsync(resource, cancellationToken);

    public Task<ObjectSnapshot> ReadSnapshotAsync(ResourceName resource, CancellationToken cancellationToken) =>
        OnReadSnapshot is { } on
            ? on(() => inner.ReadSnapshotAsync(resource, cancellationToken))
            : inner.ReadSnapshotAsync(resource, cancellationToken);

    public Task<ResourceObject?> ReadObjectAsync(
        ResourceName resource, ObjectKey key, CancellationToken cancellationToken) =>
        inner.ReadObjectAsync(resource, key, cancellationToken);

    public Task<ChangeBatch> ReadChangesAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken) =>
        inner.ReadChangesAsync(resource, afterRevision, maxChanges, cancellationToken);

    public Task<ChangeBatch> ReadHistoryAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken) =>
        inner.ReadHistoryAsync(resource, afterRevision, maxChanges, cancellationToken);
}
