using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Discovery;

/// <summary>
/// Which part of the cluster's processors each zone has, by the ready nodes that are no control plane (upstream's
/// <c>endpointslice/topologycache</c>).
/// </summary>
internal static class ZoneShares
{
    public const string ZoneLabel = "topology.kubernetes.io/zone";

    private static readonly string[] ControlPlaneLabels =
        ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

    /// <summary>Share by zone; null when a node says too little, or when there are not two zones.</summary>
    public static IReadOnlyDictionary<string, double>? Of(IEnumerable<V1Node> nodes)
    {
        var cpus = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (isCounted, zone, cpu) in nodes.Select(FactsOf).Where(f => f.IsCounted))
        {
            if (zone.Length == 0 || cpu == 0)
            {
                return null;
            }

            cpus[zone] = cpus.GetValueOrDefault(zone) + cpu;
        }

        double total = cpus.Values.Sum();
        return cpus.Count < 2 ? null : cpus.ToDictionary(c => c.Key, c => c.Value / total, StringComparer.Ordinal);
    }

    /// <summary>True when the shares may be others with the node as it is now.</summary>
    public static bool Differ(V1Node? before, V1Node? now) =>
        (before is null ? default : FactsOf(before)) != (now is null ? default : FactsOf(now));

    private static (bool IsCounted, string Zone, long MilliCpu) FactsOf(V1Node node)
    {
        var isCounted = !ControlPlaneLabels.Any(l => node.GetLabel(l) is not null)
            && node.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready")?.Status == "True";
        return !isCounted ? default : (true, node.GetLabel(ZoneLabel) ?? "", CpuOf(node));
    }

    private static long CpuOf(V1Node node) =>
        node.Status?.Allocatable?.TryGetValue("cpu", out var cpu) == true ? Quantity.Of(cpu).MilliValue : 0;
}
