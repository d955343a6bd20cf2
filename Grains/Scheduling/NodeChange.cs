namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A node that came, changed or went.</summary>
/// <param name="Node">As it is.</param>
/// <param name="Before">As it was, a <see cref="NodeInfo.Copy"/>; null of one that came.</param>
/// <param name="Kinds">What happened to it: one that went and came again has a past, and is new all the same.</param>
public sealed record NodeChange(NodeInfo Node, NodeInfo? Before, ClusterChanges Kinds);
