using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// How far a volume has become larger on this node: one for all pods that have it, for as long as one of them does.
/// </summary>
public sealed class CsiGrowth
{
    /// <summary>Held while the volume is looked at and expanded.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>Bytes that it has here, as far as the node knows; null when nobody has asked.</summary>
    public decimal? Size { get; set; }

    /// <summary>Its driver expands none that is in use: it is left alone for as long as it is mounted here.</summary>
    public bool IsNotExpandable { get; set; }

    /// <summary>When expanding it failed, until when its driver is not asked again.</summary>
    public RetryDelay? NotExpanded { get; set; }
}
