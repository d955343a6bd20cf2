using k8s.Models;
using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Volumes that are labelled with a zone or region can be used there only; of ephemeral claims that is not asked, as
/// upstream does not.
/// </summary>
public sealed class VolumeZonePlugin : IFilterPlugin
{
    /// <summary>Between the zones of a volume that is in several.</summary>
    private const string Separator = "__";

    private static readonly string[] Topologies =
    [
        "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
    ];

    private readonly VolumeTable _volumes;
    private readonly Verdict _rejection;

    public VolumeZonePlugin(VolumeTable volumes)
    {
        _volumes = volumes;
        _rejection = new Verdict(Name, false, "node(s) had no available volume zone");
    }

    public string Name => "VolumeZone";

    public ClusterChanges HelpfulChanges =>
        ClusterChanges.NodeAdded | ClusterChanges.NodeLabels | ClusterChanges.VolumeClaim | ClusterChanges.Volume
        | ClusterChanges.StorageClass;

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        pod.Claims.Length == 0 || AreThere(pod, node) ? null : _rejection;

    private bool AreThere(PodInfo pod, NodeInfo node) =>
        !Topologies.Any(node.Labels.ContainsKey)
        || pod.Claims.All(c => c.IsEphemeral
            || _volumes.Claim(c.Key(pod)) is not { Spec.VolumeName: { Length: > 0 } name }
            || _volumes.Volume(name) is not { } volume || IsThere(volume, node));

    private static bool IsThere(V1PersistentVolume volume, NodeInfo node) => Topologies.All(t =>
        volume.Metadata.Labels?.TryGetValue(t, out var text) != true
        || Places(text!) is not { } wanted
        || (ActualOf(t, node) is { } actual && wanted.Contains(actual)));

    /// <summary>Null for a label that names an empty place, which says nothing.</summary>
    private static List<string>? Places(string text)
    {
        var places = text.Split(Separator).Select(static p => p.Trim()).ToList();
        return places.Contains("") ? null : places;
    }

    /// <summary>Where the node is; a volume with the older label is in the place that a newer one names, too.</summary>
    private static string? ActualOf(string topology, NodeInfo node) =>
        node.Labels.GetValueOrDefault(topology)
        ?? node.Labels.GetValueOrDefault(topology.Replace(
            "failure-domain.beta.kubernetes.io", "topology.kubernetes.io", StringComparison.Ordinal));
}
