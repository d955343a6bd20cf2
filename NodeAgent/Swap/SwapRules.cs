using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Swap;

/// <summary>
/// How much of its memory a container may have swapped out, as upstream's runtime manager decides it: nothing, unless
/// that is switched on, and then its share of the swap: of memory requested in that of the machine. Pure.
/// </summary>
public sealed record SwapRules
{
    /// <summary>Containers of burstable pods may swap in proportion to what they request.</summary>
    public const string Limited = "LimitedSwap";

    /// <summary>No container swaps; what is not said is as good.</summary>
    public const string None = "NoSwap";

    private const string MaxSwap = "memory.swap.max";

    public string Behavior { get; init; } = "";

    /// <summary>The machine has cgroups of version 2; of the first there is no share, only none at all.</summary>
    public bool IsUnified { get; init; }

    /// <summary>The kernel can limit swap at all; without, nothing is said of it.</summary>
    public bool IsControlled { get; init; }

    public long MemoryBytes { get; init; }

    public long SwapBytes { get; init; }

    /// <summary>
    /// Writes the container's swap into amounts that hold its limit of memory already: version 1 counts both together.
    /// </summary>
    public void Set(LinuxContainerResources amounts, V1Pod pod, V1Container container)
    {
        if (!IsControlled)
        {
            return;
        }

        if (IsUnified)
        {
            amounts.Unified[MaxSwap] = ShareOf(pod, container).ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            amounts.MemorySwapLimitInBytes = amounts.MemoryLimitInBytes;
        }
    }

    private long ShareOf(V1Pod pod, V1Container container)
    {
        var request = PodResources.Bytes(container.Resources?.Requests);
        return MaySwap(pod, container, request) ? (long)((double)request / MemoryBytes * SwapBytes) : 0;
    }

    /// <summary>
    /// Whoever asks for no less than it may have at most, wants memory, and what is critical needs it.
    /// </summary>
    private bool MaySwap(V1Pod pod, V1Container container, long request) =>
        Behavior == Limited && !pod.IsCritical() && PodResources.Qos(pod) == PodResources.Burstable
        && request != PodResources.Bytes(container.Resources?.Limits) && request <= MemoryBytes;
}
