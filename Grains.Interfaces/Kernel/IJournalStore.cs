namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// Durable objects and change log of all resources. Implementations: PostgreSQL, and memory for tests and throw-away
/// clusters; one conformance suite holds for both.
/// </summary>
public interface IJournalStore
{
    /// <summary>
    /// The revision at which a new journal begins, without any change. Not 0, because <c>resourceVersion=0</c> has a
    /// meaning of its own in lists and watches; nor 1, which clients take for a revision that is surely too old: it
    /// lies before every change log. Journals that an earlier release began at 1 go on from there.
    /// </summary>
    const long FirstRevision = 2;

    /// <summary>
    /// Takes the next epoch of a resource, which fences every earlier holder, and says where its journal stands.
    /// </summary>
    Task<JournalPosition> OpenAsync(ResourceName resource, CancellationToken cancellationToken);

    /// <summary>
    /// Commits a batch of consecutive revisions in one statement, if <paramref name="epoch"/> is still the newest;
    /// returns false when it is not. Throws <see cref="UnknownOutcomeException"/> or <see
    /// cref="StoreUnavailableException"/>.
    /// </summary>
    Task<bool> AppendAsync(
        ResourceName resource, long epoch, IReadOnlyList<Change> changes, CancellationToken cancellationToken);

    /// <summary>True while <paramref name="epoch"/> is the newest: renews a journal's lease.</summary>
    Task<bool> IsCurrentAsync(ResourceName resource, long epoch, CancellationToken cancellationToken);

    /// <summary>
    /// Says that the holder of <paramref name="epoch"/> has stopped and answers no more reads, so the next one need not
    /// wait for its lease.
    /// </summary>
    Task ReleaseAsync(ResourceName resource, long epoch, CancellationToken cancellationToken);

    /// <summary>The revision of every object: what a journal needs for its optimistic lock.</summary>
    Task<IReadOnlyList<KeyRevision>> ReadRevisionsAsync(ResourceName resource, CancellationToken cancellationToken);

    /// <summary>All objects of a resource at one revision, in key order.</summary>
    Task<ObjectSnapshot> ReadSnapshotAsync(ResourceName resource, CancellationToken cancellationToken);

    /// <summary>One object; null when there is none.</summary>
    Task<ResourceObject?> ReadObjectAsync(ResourceName resource, ObjectKey key, CancellationToken cancellationToken);

    /// <summary>Changes after a revision, in order; TooOld past retention.</summary>
    Task<ChangeBatch> ReadChangesAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken);

    /// <summary>
    /// Like <see cref="ReadChangesAsync"/>, with <see cref="Change.Previous"/> where the change log still has it.
    /// </summary>
    Task<ChangeBatch> ReadHistoryAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken);
}

/// <summary>An object's key and its newest revision.</summary>
public readonly record struct KeyRevision(ObjectKey Key, long Revision);

/// <summary>Where a journal stands when an epoch begins.</summary>
/// <param name="Epoch">The fencing number; larger than all before.</param>
/// <param name="Revision">The newest committed revision.</param>
/// <param name="OldestRevision">The change log holds every change after this revision.</param>
public sealed record JournalPosition(long Epoch, long Revision, long OldestRevision)
{
    /// <summary>True when no earlier holder can still hold a lease: there was none, or it released its epoch.</summary>
    public bool Released { get; init; }
}

/// <summary>All objects of a resource as of a revision, in key order.</summary>
public sealed record ObjectSnapshot(long Revision, IReadOnlyList<ResourceObject> Objects);
