using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>A term of pod affinity or anti-affinity: which other pods, and within what they are near.</summary>
/// <param name="TopologyKey">Label of nodes; nodes with one value of it are near to each other.</param>
/// <param name="Selector">Labels of the other pods.</param>
/// <param name="Namespaces">Namespaces of the other pods.</param>
/// <param name="NamespaceSelector">Further namespaces, by their labels.</param>
public sealed record PodTerm(
    string TopologyKey, LabelSelector Selector, string[] Namespaces, LabelSelector? NamespaceSelector)
{
    /// <summary>True when the term, which is the owner's, means the other pod.</summary>
    public bool Matches(PodInfo owner, PodInfo other, NamespaceTable namespaces) =>
        IsIn(owner.Key.Namespace, other.Key.Namespace, namespaces) && Selector.Matches(other.Labels);

    private bool IsIn(string own, string other, NamespaceTable namespaces) =>
        Namespaces.Length == 0 && NamespaceSelector is null
            ? string.Equals(own, other, StringComparison.Ordinal)
            : Array.IndexOf(Namespaces, other) >= 0
                || NamespaceSelector?.Matches(namespaces.LabelsOf(other)) == true;
}

/// <summary>A preferred term; its weight is negative for anti-affinity.</summary>
public readonly record struct WeightedPodTerm(int Weight, PodTerm Term);

/// <summary>All terms of a pod that speak of other pods.</summary>
public sealed record PodTerms(PodTerm[] Affinity, PodTerm[] AntiAffinity, WeightedPodTerm[] Preferred);
