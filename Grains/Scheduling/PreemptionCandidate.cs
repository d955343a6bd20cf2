namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A node where a pod fits when others go.</summary>
/// <param name="Node">The node.</param>
/// <param name="Victims">Who must go, by importance; those included that go already.</param>
/// <param name="Violations">How many of them go beyond a budget.</param>
internal sealed record PreemptionCandidate(NodeInfo Node, PodInfo[] Victims, long Violations)
{
    /// <summary>Of several candidates the cheapest is taken.</summary>
    public PreemptionCost Cost { get; } = PreemptionCost.Of(Victims, Violations);

    /// <summary>What upstream says of a node that needs no victims, which is none to make room on.</summary>
    public static string NoVictims(string node) => $"expected at least one victim pod on node \"{node}\"";
}

/// <summary>What removing pods costs; compared member by member.</summary>
internal readonly record struct PreemptionCost(long Violations, int Highest, long Sum, int Count, long EarliestStart)
    : IComparable<PreemptionCost>
{
    /// <summary>Makes all priorities positive, so that of equally negative ones fewer are cheaper.</summary>
    private const long Offset = int.MaxValue + 1L;

    /// <param name="victims">By importance.</param>
    /// <param name="violations">How many of them go beyond a budget.</param>
    public static PreemptionCost Of(PodInfo[] victims, long violations) => new(
        violations,
        victims[0].Priority,
        victims.Sum(v => v.Priority + Offset),
        victims.Length,
        victims[0].StartTicks);

    public int CompareTo(PreemptionCost other) =>
        Violations != other.Violations ? Violations.CompareTo(other.Violations)
        : Highest != other.Highest ? Highest.CompareTo(other.Highest)
        : Sum != other.Sum ? Sum.CompareTo(other.Sum)
        : Count != other.Count ? Count.CompareTo(other.Count)
        : other.EarliestStart.CompareTo(EarliestStart);
}
