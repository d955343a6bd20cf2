using Orleans.Concurrency;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// The single-threaded owner of one object; its key is an <see cref="ObjectAddress"/>. Writers compute the next version
/// outside (the write pipeline) and the grain commits it under the optimistic lock. Answers that do not come in time
/// are given up a little later than the journal's, so that this grain has given up before.
/// </summary>
[Alias("orch.object-grain")]
public interface IObjectGrain : IGrainWithStringKey
{
    /// <summary>
    /// The current version, null when there is none. With <see cref="ReadMode.Verified"/> the answer is linearizable:
    /// use it before a refusal is told to a client.
    /// </summary>
    [Alias("Get"), ResponseTimeout("00:00:04")]
    Task<ResourceObject?> GetAsync(ReadMode mode, CancellationToken cancellationToken);

    /// <summary>
    /// Commits a write. Refused with AlreadyExists, NotFound or Conflict (upstream's texts) when
    /// <see cref="ObjectWrite.ExpectedRevision"/> is not the current one. Throws when the outcome is unknown (P3).
    /// </summary>
    [Alias("Write"), ResponseTimeout("00:00:10")]
    Task<Outcome<ResourceObject>> WriteAsync(ObjectWrite write, CancellationToken cancellationToken);

    /// <summary>
    /// A signal to bring the world to what this object asks for. Carries nothing, may be lost, doubled or reordered.
    /// </summary>
    [OneWay, Alias("Reconcile")]
    Task ReconcileAsync();
}

/// <summary>How fresh a read of an object grain must be.</summary>
public enum ReadMode
{
    /// <summary>What the grain holds: enough to compute a write, which the optimistic lock then checks.</summary>
    Optimistic,

    /// <summary>Checked with the journal: linearizable.</summary>
    Verified,
}

/// <summary>What a write does.</summary>
public enum WriteKind
{
    /// <summary>The object must not exist.</summary>
    Create,

    /// <summary>The object must be at the expected revision.</summary>
    Update,

    /// <summary>
    /// Removes the object, which must be at the expected revision. The body is its last state, as watchers see it.
    /// </summary>
    Delete,
}

/// <summary>One write of one object, ready to commit but for its resourceVersion.</summary>
[GenerateSerializer, Immutable, Alias("orch.object-write")]
public sealed record ObjectWrite
{
    [Id(0)]
    public required WriteKind Kind { get; init; }

    /// <summary>The revision that the write was computed from; 0 for a create.</summary>
    [Id(1)]
    public required long ExpectedRevision { get; init; }

    [Id(2)]
    public required string Uid { get; init; }

    /// <summary>
    /// The next version as compact UTF-8 JSON in which <c>metadata.resourceVersion</c> is the empty string.
    /// </summary>
    [Id(3)]
    public required ReadOnlyMemory<byte> Json { get; init; }

    /// <summary>
    /// Offset in bytes, within <see cref="Json"/>, at which the journal inserts the revision's digits.
    /// </summary>
    [Id(4)]
    public required int RevisionOffset { get; init; }

    /// <summary>The span of the request that writes (<see cref="Traces"/>); null when it is not sampled.</summary>
    [Id(5)]
    public string? Trace { get; init; }
}
