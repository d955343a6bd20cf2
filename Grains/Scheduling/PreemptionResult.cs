namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What came of looking for pods to remove.</summary>
/// <param name="Message">Why none are; null when some are.</param>
/// <param name="Node">Where room is made; null for nowhere.</param>
/// <param name="Victims">Who must go there, those included that go already; by importance.</param>
/// <param name="IsNominationKept">True when the pod may go on waiting where it was nominated before.</param>
public sealed record PreemptionResult(string? Message, NodeInfo? Node, PodInfo[] Victims, bool IsNominationKept)
{
    /// <summary>The search itself went wrong.</summary>
    public bool IsError { get; private init; }

    /// <summary>Nothing was tried.</summary>
    public static PreemptionResult Nothing(string message) => new(message, null, [], true);

    /// <summary>Nothing would help.</summary>
    public static PreemptionResult Hopeless(string message) => new(message, null, [], false);

    /// <summary>What would help could not be found out.</summary>
    public static PreemptionResult Failed(string message) => Nothing(message) with { IsError = true };

    public static PreemptionResult On(NodeInfo node, PodInfo[] victims) => new(null, node, victims, true);
}
