using k8s.Models;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>What came of looking for devices on a node.</summary>
/// <param name="Allocations">One per claim, in order; null when there is none.</param>
/// <param name="WhyNot">Why there is none, when more is known than that.</param>
/// <param name="Error">What is wrong with a claim or a class, so that no node is worth a try.</param>
public sealed record AllocationOutcome(
    IReadOnlyList<V1AllocationResult>? Allocations, string? WhyNot = null, string? Error = null);
