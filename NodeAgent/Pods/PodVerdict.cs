namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>An end that something other than the containers decided: a deadline, an eviction, a refusal.</summary>
public sealed record PodVerdict(string Reason, string Message)
{
    /// <summary>
    /// What is said of it when the node ends the pod for the node's sake, not for anything the pod did: jobs do not
    /// count that as a failure. Null otherwise.
    /// </summary>
    public string? Disruption { get; init; }
}
