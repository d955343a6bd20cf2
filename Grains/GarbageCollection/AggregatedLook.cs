namespace OrleansOrchestrator.Grains.GarbageCollection;

/// <summary>What one look at a resource of another server found.</summary>
/// <param name="Items">Its objects, or some of them; null when the server did not tell.</param>
/// <param name="Pass">The pass over the resource.</param>
/// <param name="IsWhole">These are all of them.</param>
/// <param name="Failure">Why the server did not tell.</param>
internal sealed record AggregatedLook(
    IReadOnlyList<AggregatedObject>? Items, long Pass, bool IsWhole, string Failure);
