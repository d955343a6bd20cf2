using Orleans.Concurrency;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// The single writer of one resource; its key is a <see cref="ResourceName"/>. Assigns dense, monotonic revisions, and
/// commits all that waits as one batch (group commit). Every activation is fenced by an epoch in the store and holds a
/// lease.
/// </summary>
/// <remarks>
/// All methods interleave: calls must pile up while a batch is in flight, or there would be no group commit, and
/// readers wait for changes that only other calls bring. That is safe because the journal's memory (index, ring,
/// revision) changes in exactly one place, the batch loop's publication of a committed batch, which contains no
/// <c>await</c>; every other method reads that memory between two awaits of its own and re-reads it after each, so no
/// invariant spans an <c>await</c>.
///
/// Nobody waits long for an answer that was lost with a silo: what a caller holds (a client's request, an object
/// grain's turn) is worth more than a late answer, and the journal drops what was given up before it was sent to the
/// store.
/// </remarks>
[Alias("orch.journal-grain")]
public interface IJournalGrain : IGrainWithStringKey
{
    /// <summary>
    /// Commits one write, after checking its expected revision against the newest. Answers with the committed version
    /// (for a delete: the last state, carrying the revision of the deletion). Throws <see
    /// cref="UnknownOutcomeException"/> when nobody can tell whether it was committed, <see
    /// cref="StoreUnavailableException"/> when it surely was not.
    /// </summary>
    [AlwaysInterleave, Alias("Commit"), ResponseTimeout("00:00:09")]
    Task<Outcome<ResourceObject>> CommitAsync(JournalWrite write, CancellationToken cancellationToken);

    /// <summary>
    /// Commits many independent writes with one call; each has its own answer, in the order of the writes. They are no
    /// transaction: one may be refused, and the next one committed.
    /// </summary>
    [AlwaysInterleave, Alias("CommitMany"), ResponseTimeout("00:00:09")]
    Task<CommitAnswers> CommitManyAsync(JournalWrites writes, CancellationToken cancellationToken);

    /// <summary>
    /// The newest committed revision, valid at some instant during the call: the basis of consistent reads (P5).
    /// </summary>
    [AlwaysInterleave, Alias("GetRevision"), ResponseTimeout("00:00:03")]
    ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Commits a revision without a change (<see cref="Change.IsNothing"/>), unless the newest is beyond this one
    /// already. Throws what <see cref="CommitAsync"/> throws.
    /// </summary>
    [AlwaysInterleave, Alias("MoveBeyond"), ResponseTimeout("00:00:09")]
    Task MoveBeyondAsync(long revision, CancellationToken cancellationToken);

    /// <summary>
    /// The newest committed version of one object, linearizable; null when there is none.
    /// </summary>
    [AlwaysInterleave, Alias("Read"), ResponseTimeout("00:00:03")]
    Task<ResourceObject?> ReadAsync(ObjectKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Changes after a revision, in order, without gaps; waits up to <paramref name="wait"/> for the first, and returns
    /// an empty batch when none came. <see cref="ChangeBatch.TooOld"/> when the change log no longer reaches back that
    /// far.
    /// </summary>
    [AlwaysInterleave, Alias("ReadAfter")]
    Task<ChangeBatch> ReadAfterAsync(long revision, int maxChanges, TimeSpan wait, CancellationToken cancellationToken);
}

/// <summary>A write and the object it is for.</summary>
[GenerateSerializer, Immutable, Alias("orch.journal-write")]
public sealed record JournalWrite(
    [property: Id(0)] ObjectKey Key,
    [property: Id(1)] ObjectWrite Write);

/// <summary>Writes of one call.</summary>
[GenerateSerializer, Immutable, Alias("orch.journal-writes")]
public sealed record JournalWrites([property: Id(0)] IReadOnlyList<JournalWrite> Items);

/// <summary>Answers to <see cref="JournalWrites"/>, one each.</summary>
[GenerateSerializer, Immutable, Alias("orch.commit-answers")]
public sealed record CommitAnswers([property: Id(0)] IReadOnlyList<CommitAnswer> Items);

/// <summary>What became of one write among many.</summary>
[GenerateSerializer, Immutable, Alias("orch.commit-answer")]
public sealed record CommitAnswer
{
    /// <summary>The committed version or the refusal; meaningful when nothing failed.</summary>
    [Id(0)]
    public Outcome<ResourceObject> Outcome { get; init; }

    /// <summary>
    /// What <see cref="IJournalGrain.CommitAsync"/> would have thrown; null when it would have answered.
    /// </summary>
    [Id(1)]
    public Exception? Failure { get; init; }
}

/// <summary>What a change did to its object.</summary>
public enum ChangeKind
{
    Added,
    Modified,
    Deleted,
}

/// <summary>
/// One committed change; <see cref="ResourceObject.Revision"/> of <see cref="Object"/> is its place in the order.
/// </summary>
[GenerateSerializer, Immutable, Alias("orch.change")]
public sealed record Change(
    [property: Id(0)] ChangeKind Kind,
    [property: Id(1)] ResourceObject Object)
{
    /// <summary>The revision of the version that this change replaced or removed; 0 for an addition.</summary>
    [Id(2)]
    public long PreviousRevision { get; init; }

    /// <summary>
    /// That version itself. Filled in only by <see cref="IJournalStore.ReadHistoryAsync"/>, as far as the change log
    /// still has it.
    /// </summary>
    [Id(3)]
    public ResourceObject? Previous { get; init; }

    /// <summary>The span of the request that made it, while it is in memory; null when it is not sampled.</summary>
    [Id(4)]
    public string? Trace { get; init; }

    /// <summary>
    /// True for a revision without a change: the deletion of what has no name, and was not there. Logs have it, for
    /// their revisions are dense, and watchers never see it.
    /// </summary>
    public bool IsNothing => Object.Key.Name.Length == 0;
}

/// <summary>An unbroken run of changes.</summary>
[GenerateSerializer, Immutable, Alias("orch.change-batch")]
public sealed record ChangeBatch
{
    [Id(0)]
    public required IReadOnlyList<Change> Changes { get; init; }

    /// <summary>The revision up to which this batch is complete.</summary>
    [Id(1)]
    public required long Revision { get; init; }

    /// <summary>True when the requested revision is older than the change log: load again.</summary>
    [Id(2)]
    public bool TooOld { get; init; }
}

/// <summary>A commit's outcome cannot be known: the caller must re-read and must not repeat blindly (P3).</summary>
[GenerateSerializer, Alias("orch.unknown-outcome")]
public sealed class UnknownOutcomeException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The store refused or could not be reached before anything was done; safe to repeat.</summary>
[GenerateSerializer, Alias("orch.store-unavailable")]
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>True when too many were waiting: then whoever can had better not ask again at once.</summary>
    [Id(0)]
    public bool IsOverload { get; init; }

    /// <summary>How the message begins when there is no room to write: whoever reads it knows what to do.</summary>
    public const string DiskFull = "the disk of the store is full";

    /// <summary>True when nothing can be written until somebody makes room.</summary>
    [Id(1)]
    public bool IsDiskFull { get; init; }

    /// <summary>
    /// What clients are told, in upstream's words, where the cause is none of PostgreSQL's: no key to encrypt with, or
    /// to decrypt. Null for what they are told of PostgreSQL.
    /// </summary>
    [Id(2)]
    public string? Refusal { get; init; }
}
