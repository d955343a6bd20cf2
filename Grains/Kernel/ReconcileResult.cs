namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>What a reconcile step asks for next. Failure is an exception, and means backoff.</summary>
/// <param name="After">When to run again without a signal; null for only on the next signal.</param>
public readonly record struct ReconcileResult(TimeSpan? After)
{
    /// <summary>The world is as the object asks; wait for the next signal.</summary>
    public static ReconcileResult Done => default;

    /// <summary>Run again after a while, or at the next signal if that is sooner.</summary>
    public static ReconcileResult Again(TimeSpan after) => new(after);
}
