using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>How an owner reference stands.</summary>
public enum OwnerState
{
    /// <summary>The owner exists and stays.</summary>
    Solid,

    /// <summary>There is no such owner: none of that name, or one with another uid.</summary>
    Absent,

    /// <summary>The owner is deleted in the foreground, and waits for its dependents.</summary>
    Waiting,

    /// <summary>
    /// Nothing can be said: no server has the kind, or none tells, or no such object could be an owner.
    /// </summary>
    Unknown,
}

/// <summary>An owner reference and how it stands.</summary>
public sealed record OwnerView(ObjectOwner Reference, OwnerState State);

/// <summary>What garbage collection finds of one object.</summary>
public sealed record CollectionObserved
{
    public required ResourceObject Item { get; init; }

    /// <summary>One for each owner reference.</summary>
    public required IReadOnlyList<OwnerView> Owners { get; init; }

    /// <summary>Objects that refer to this one as their owner.</summary>
    public required IReadOnlyList<ResourceObject> Dependents { get; init; }
}

/// <summary>What to do with one object.</summary>
public enum CollectionStep
{
    /// <summary>Nothing.</summary>
    Keep,

    /// <summary>Delete it, with <see cref="CollectionPlan.Policy"/>.</summary>
    Delete,

    /// <summary>Remove the references of <see cref="CollectionPlan.Unlink"/>; a solid owner remains.</summary>
    Unlink,

    /// <summary>It is deleted in the foreground: see to those of its dependents that block it.</summary>
    WaitForDependents,

    /// <summary>It is deleted in the foreground, and nothing blocks it any more: remove that finalizer.</summary>
    FinishForeground,

    /// <summary>
    /// It is deleted and its dependents stay: take it out of their references, then remove that finalizer.
    /// </summary>
    OrphanDependents,
}

/// <summary>The step, and what it needs.</summary>
public sealed record CollectionPlan(CollectionStep Step)
{
    public string Policy { get; init; } = "Background";

    /// <summary>
    /// Before it is deleted, its references cease to block: an object that waits for its own dependents is one of this
    /// one's, so both may be of one circle, in which each would wait for the other for ever.
    /// </summary>
    public bool Unblocks { get; init; }

    /// <summary>Uids of owners.</summary>
    public IReadOnlyList<string> Unlink { get; init; } = [];
}

/// <summary>The decisions of garbage collection by owner, upstream's semantics.</summary>
public static class CollectionPlanner
{
    public const string ForegroundFinalizer = "foregroundDeletion";
    public const string OrphanFinalizer = "orphan";

    private static readonly CollectionPlan Keep = new(CollectionStep.Keep);

    /// <summary>What to do with the object now.</summary>
    public static CollectionPlan Compute(CollectionObserved observed)
    {
        var metadata = observed.Item.Metadata;
        if (metadata.DeletionTimestamp is not null)
        {
            return Terminating(observed);
        }

        // As upstream, nothing is done about the other references either until all can be told.
        if (observed.Owners.Count == 0 || observed.Owners.Any(static o => o.State == OwnerState.Unknown))
        {
            return Keep;
        }

        var solid = observed.Owners.Any(o => o.State == OwnerState.Solid);
        var others = observed.Owners.Where(o => o.State != OwnerState.Solid).Select(o => o.Reference.Uid).ToList();
        if (solid)
        {
            return others.Count == 0 ? Keep : new CollectionPlan(CollectionStep.Unlink) { Unlink = others };
        }

        // An owner that waits wants the whole tree below gone first, so what has dependents goes in the foreground too.
        var isWaitedFor = observed.Owners.Any(o => o.State == OwnerState.Waiting);
        var policy = isWaitedFor && observed.Dependents.Count > 0 ? "Foreground"
            : metadata.Finalizers.Contains(OrphanFinalizer) ? "Orphan"
            : metadata.Finalizers.Contains(ForegroundFinalizer) ? "Foreground"
            : "Background";
        return new CollectionPlan(CollectionStep.Delete)
        {
            Policy = policy, Unblocks = isWaitedFor && observed.Dependents.Any(IsForeground),
        };
    }

    /// <summary>How a reference to <paramref name="owner"/> (null if there is none of that name) stands.</summary>
    public static OwnerState StateOf(ObjectOwner reference, ResourceObject? owner)
    {
        if (owner is null || owner.Uid != reference.Uid)
        {
            return OwnerState.Absent;
        }

        return IsForeground(owner) ? OwnerState.Waiting : OwnerState.Solid;
    }

    /// <summary>It is being deleted, and its dependents go first.</summary>
    public static bool IsForeground(ResourceObject item) =>
        item.Metadata.DeletionTimestamp is not null && item.Metadata.Finalizers.Contains(ForegroundFinalizer);

    /// <summary>It is being deleted, and its dependents are to stay.</summary>
    public static bool IsOrphaning(ResourceObject item) =>
        item.Metadata.DeletionTimestamp is not null && item.Metadata.Finalizers.Contains(OrphanFinalizer);

    /// <summary>Whether it matters what an object owns: to what is, or will be, deleted with regard to that.</summary>
    public static bool RegardsDependents(ResourceObject item, IEnumerable<OwnerView> owners) =>
        item.Metadata.DeletionTimestamp is null
            ? owners.Any(static o => o.State == OwnerState.Waiting)
            : IsForeground(item) || IsOrphaning(item);

    private static CollectionPlan Terminating(CollectionObserved observed)
    {
        if (IsOrphaning(observed.Item))
        {
            return new CollectionPlan(CollectionStep.OrphanDependents);
        }

        if (!IsForeground(observed.Item))
        {
            return Keep;
        }

        var isBlocked = observed.Dependents.Any(d => d.Metadata.Owners.Any(
            o => o.Uid == observed.Item.Uid && o.BlocksOwnerDeletion));
        return new CollectionPlan(isBlocked ? CollectionStep.WaitForDependents : CollectionStep.FinishForeground);
    }
}
