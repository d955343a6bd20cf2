namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A rejection. Instances are kept by plugins and shared, for they are made for every node.</summary>
/// <param name="Plugin">Who rejects.</param>
/// <param name="IsResolvable">False when removing pods from the node would not help.</param>
/// <param name="Reasons">As counted in the message.</param>
public sealed record Verdict(string Plugin, bool IsResolvable, params IReadOnlyList<string> Reasons)
{
    /// <summary>The plugin cannot judge the pod at all, so that no other node is looked at.</summary>
    public bool IsError { get; init; }
}
