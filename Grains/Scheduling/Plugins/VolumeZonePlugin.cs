using k8s.Models;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>Volumes that are labelled with a zone or region can be used there only.</summary>
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

    public ClusterChanges HelpfulChanges => ClusterChanges.Node;

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        pod.Claims.Length == 0 || AreThere(pod, node) ? null : _rejection;

    private bool AreThere(PodInfo pod, NodeInfo node) =>
        !Topologies.Any(node.Labels.ContainsKey)
        || pod.Claims.All(c => _volumes.Claim(c.Key(pod)) is not { Spec.VolumeName: { Length: > 0 } name }
            || _volumes.Volume(name) is not { } volume || IsThere(volume, node));

    private static bool IsThere(V1PersistentVolume volume, NodeInfo node) => Topologies.All(t =>
        volume.Metadata.Labels?.TryGetValue(t, out var wanted) != true
        || (node.Labels.TryGetValue(t, out var actual) && wanted!.Split(Separator).Contains(actual)));
}
