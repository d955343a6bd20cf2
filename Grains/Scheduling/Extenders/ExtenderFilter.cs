namespace OrleansOrchestrator.Grains.Scheduling.Extenders;

/// <summary>What extenders left of the nodes that plugins let through.</summary>
/// <param name="Left">Those that will do, in the order of the last extender that was asked.</param>
/// <param name="Rejected">Those of which one said why not.</param>
/// <param name="Error">What ended the search, when an extender failed that cannot be done without.</param>
internal sealed record ExtenderFilter(
    NodeInfo[] Left, IReadOnlyDictionary<NodeInfo, Verdict> Rejected, string? Error = null);
