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

    /// <summary>Propagation policies leave no finalizers (upstream's Events).</summary>
    IgnoresPropagation = 4,

    /// <summary>The objects have finalizers in their spec, too, and a phase that says they go (namespaces).</summary>
    HasSpecFinalizers = 8,

    /// <summary>Without a propagation policy, dependents stay (upstream's oldest kinds, which did not own theirs).
    /// </summary>
    OrphansByDefault = 16,

    /// <summary>Who leaves it at that is warned that they stay.</summary>
    WarnsOfOrphans = 32,
}
