using k8s.Models;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Where volumes can be used.</summary>
internal static class VolumeReach
{
    /// <summary>True when the volume can be used on a node, as far as its own node affinity says.</summary>
    public static bool Reaches(
        this V1PersistentVolume volume, string node, IReadOnlyDictionary<string, string> labels) =>
        volume.Spec.NodeAffinity?.Required?.NodeSelectorTerms is not { } terms
        || terms.Any(t => NodeSelectorTerm.Of(t).Matches(node, labels));
}
