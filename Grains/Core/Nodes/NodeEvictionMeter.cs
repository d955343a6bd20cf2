using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>Counts nodes that were begun to be emptied, under upstream's name.</summary>
internal static class NodeEvictionMeter
{
    private static readonly Meter Meter = new("OrleansOrchestrator.Nodes");

    private static readonly Counter<long> Evictions = Meter.CreateCounter<long>(
        "node_collector_evictions_total",
        description: "[STABLE] Number of Node evictions that happened since current instance of NodeController "
        + "started.");

    /// <summary>A node has the taint that drives pods away.</summary>
    /// <param name="zone">The key of its zone.</param>
    public static void Evicted(string zone) => Evictions.Add(1, new KeyValuePair<string, object?>("zone", zone));
}
