using k8s.Models;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>A node that devices are sought for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Matches">Whether a selector matches it.</param>
public sealed record AllocationNode(string Name, Func<V1NodeSelector, bool> Matches)
{
    /// <summary>Whether what a slice offers, or one device of it, can be reached from here.</summary>
    public bool Reaches(string? nodeName, bool? allNodes, V1NodeSelector? selector) =>
        !string.IsNullOrEmpty(nodeName) ? nodeName == Name
        : allNodes == true || (selector is not null && Matches(selector));
}
