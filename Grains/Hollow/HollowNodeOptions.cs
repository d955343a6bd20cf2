using OrleansOrchestrator.Interfaces.Hollow;

namespace OrleansOrchestrator.Grains.Hollow;

/// <summary>Whether this silo asks for hollow nodes. All silos of a cluster should ask for the same.</summary>
public sealed class HollowNodeOptions
{
    public HollowNodeSettings Settings { get; set; } = new();
}
