using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>What becomes of an unbound claim when its pod goes to a node.</summary>
/// <param name="Claim">The claim.</param>
/// <param name="Uid">The claim's.</param>
/// <param name="Volume">It gets this volume; null when one is made for it, where the pod goes.</param>
public sealed record VolumeChoice(ObjectKey Claim, string Uid, string? Volume);
