using System.Diagnostics.Metrics;
using k8s.Models;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>Counts nodes that were begun to be emptied, under upstream's name.</summary>
internal static class NodeEvictionMeter
{
    private static readonly Meter Meter = new("OrleansOrchestrator.Nodes");

    private static readonly Counter<long> Evictions = Meter.CreateCounter<long>(
        "node_collector_evictions_total",
        description: "[STABLE] Number of Node evictions that happened since current instance of NodeController "
        + "started.");

    /// <summary>The node has the taint that drives pods away.</summary>
    public static void Evicted(V1Node node) =>
        Evictions.Add(1, new KeyValuePair<string, object?>("zone", KeyOf(node)));

    // Upstream's key of a zone; a NUL keeps its parts apart.
    private static string KeyOf(V1Node node)
    {
        string? region = null, zone = null;
        node.Metadata.Labels?.TryGetValue("topology.kubernetes.io/region", out region);
        node.Metadata.Labels?.TryGetValue("topology.kubernetes.io/zone", out zone);
        return region is null or "" && zone is null or "" ? "" : $"{region}:\0:{zone}";
    }
}
