using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Swap;

/// <summary>The rules of swap on this machine.</summary>
public sealed class PodSwap(NodeAgentOptions options, NodeFacts facts, Cgroups cgroups)
{
    private SwapRules? _rules;

    /// <summary>Asked once the groups of pods are there: the kernel tells by their files what it limits.</summary>
    private SwapRules Rules => _rules ??= new SwapRules
    {
        Behavior = options.SwapBehavior,
        IsUnified = cgroups.IsUnified,
        IsControlled = cgroups.LimitsSwap,
        MemoryBytes = facts.MemoryCapacityBytes,
        SwapBytes = facts.SwapCapacityBytes,
    };

    /// <inheritdoc cref="SwapRules.Set"/>
    public void Set(LinuxContainerResources amounts, V1Pod pod, V1Container container) =>
        Rules.Set(amounts, pod, container);
}
