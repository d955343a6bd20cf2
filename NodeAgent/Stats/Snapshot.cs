using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>What the node and all that runs on it use at one moment; every endpoint is a view of it.</summary>
public sealed record Snapshot(
    DateTimeOffset Time, GroupSnapshot Node, GroupSnapshot AllPods, IReadOnlyList<PodSnapshot> Pods);

/// <summary>The usage of a group, and its usage of CPU of late.</summary>
public sealed record GroupSnapshot(CgroupUsage Usage, ulong? NanoCores)
{
    /// <summary>Without their threads; null where nobody has counted.</summary>
    public int? Processes { get; init; }
}

public sealed record PodSnapshot(
    V1Pod Pod, GroupSnapshot Group, IReadOnlyList<NetworkInterfaceFigures> Network,
    IReadOnlyList<ContainerSnapshot> Containers);

/// <param name="Record">The runtime's view.</param>
/// <param name="Group">Its usage.</param>
/// <param name="WritableBytes">What it wrote outside of volumes; null where the runtime does not say.</param>
/// <param name="WritableInodes">Files it made there.</param>
/// <param name="LogBytes">What its log files take.</param>
public sealed record ContainerSnapshot(
    ContainerRecord Record, GroupSnapshot Group, ulong? WritableBytes, ulong? WritableInodes, ulong LogBytes);
