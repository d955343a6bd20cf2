namespace OrleansOrchestrator.Resources.ApiExtensions.Rules;

/// <summary>What rules may still cost.</summary>
/// <param name="Left">In units of cost.</param>
/// <param name="IsOver">They cost more than there was, or one alone more than it may: no further one is asked.</param>
internal readonly record struct RuleBudget(ulong Left, bool IsOver)
{
    /// <summary>What all rules over one object may cost, and all over the defaults of one schema.</summary>
    public static RuleBudget OfOneObject => new(10_000_000, IsOver: false);

    /// <summary>Of two ways to spend it, the one that leaves less.</summary>
    public RuleBudget Least(RuleBudget other) => IsOver || (!other.IsOver && Left <= other.Left) ? this : other;
}
