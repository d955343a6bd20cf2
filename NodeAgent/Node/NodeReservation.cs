using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>Whether what is kept from pods is there at all. Pure.</summary>
public static class NodeReservation
{
    private const string Disk = "ephemeral-storage";

    /// <summary>Null when it is; else why it cannot be kept, in upstream's words.</summary>
    /// <param name="options">What they keep for the system, and free for eviction.</param>
    /// <param name="milliCpu">What the machine has, in thousandths of a CPU.</param>
    /// <param name="memoryBytes">What it has of memory.</param>
    /// <param name="diskBytes">What the file system of the data directory has.</param>
    public static string? Problem(NodeAgentOptions options, long milliCpu, long memoryBytes, long diskBytes)
    {
        (string Resource, long Reserved, long Capacity)[] all =
        [
            (PodResources.Cpu, options.SystemReservedMilliCpu, milliCpu),
            (PodResources.Memory, options.SystemReservedMemoryBytes, memoryBytes),
            (Disk, 0, diskBytes),
        ];
        if (Array.Find(all, static r => r.Reserved < 0) is { Resource: { } negative, Reserved: var amount })
        {
            return $"resource quantity for \"{negative}\" cannot be negative: {Text(negative, amount)}";
        }

        var problems = all.Select(r => r with { Reserved = r.Reserved + KeptFree(options, r.Resource, r.Capacity) })
            .Where(static r => r.Reserved > r.Capacity).Select(static r =>
                $"Resource \"{r.Resource}\" has a reservation of {Text(r.Resource, r.Reserved)} but capacity of " +
                $"{Text(r.Resource, r.Capacity)}. Expected capacity >= reservation.").ToList();
        return problems.Count == 0 ? null : $"invalid Node Allocatable configuration. {string.Join(' ', problems)}";
    }

    private static long KeptFree(NodeAgentOptions options, string resource, long capacity) =>
        resource == PodResources.Cpu
            ? 0
            : EvictionThreshold.KeptFree(
                options.Housekeeping.Eviction.HardThresholds(),
                resource == Disk ? EvictionSignal.NodeFsAvailable : EvictionSignal.MemoryAvailable,
                capacity);

    private static string Text(string resource, long amount) => resource == PodResources.Cpu
        ? Quantity.Milli(amount, QuantityFormat.DecimalSI).ToString()
        : Quantity.Whole(amount, QuantityFormat.BinarySI).ToString();
}
