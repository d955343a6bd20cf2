namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>What upstream does differently for some kinds when an object is deleted.</summary>
[Flags]
public enum DeletionTraits
{
    None = 0,

    /// <summary>The answer to a deletion that is done is the object, not a Status.</summary>
    AnswersWithObject = 1,

    /// <summary>Deleted objects stay for a grace period, which the strategy says.</summary>
    Graceful = 2,

    /// <summary>
    /// The objects own nothing, and nobody collects them: propagation policies leave no finalizers (upstream's Events,
    /// which come by the thousand).
    /// </summary>
    Ownerless = 4,

    /// <summary>Without a propagation policy, dependents stay (upstream's oldest kinds, which did not own theirs).
    /// </summary>
    OrphansByDefault = 8,

    /// <summary>Who leaves it at that is warned that they stay.</summary>
    WarnsOfOrphans = 16,
}
