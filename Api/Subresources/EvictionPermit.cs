namespace OrleansOrchestrator.Api.Subresources;

/// <summary>Permission to evict a pod.</summary>
/// <param name="IsTied">It holds only for the pod as it was when the question was asked.</param>
/// <param name="Budget">The budget that must be asked again if the pod has changed; null for none.</param>
public readonly record struct EvictionPermit(bool IsTied, string? Budget = null);
