using OrleansOrchestrator.Grains.Scheduling.Framework;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// A disk that a pod names itself is for one pod of a node, or for those that only read it; a claim with
/// ReadWriteOncePod is for one pod at a time.
/// </summary>
public sealed class VolumeRestrictionsPlugin : IFilterPlugin
{
    public const string PluginName = "VolumeRestrictions";

    private readonly VolumeTable _volumes;
    private readonly Verdict _diskIsTaken;
    private readonly Verdict _claimIsTaken;

    public VolumeRestrictionsPlugin(VolumeTable volumes)
    {
        _volumes = volumes;
        _diskIsTaken = new Verdict(Name, true, "node(s) had no available disk");
        _claimIsTaken = new Verdict(
            Name,
            true,
            "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by " +
            "another pod");
    }

    public string Name => PluginName;

    public ClusterChanges HelpfulChanges =>
        ClusterChanges.NodeAdded | ClusterChanges.PodGone | ClusterChanges.VolumeClaim;

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        pod.Disks.Length > 0 && WantsDisk(pod, node) ? _diskIsTaken
        : pod.Claims.Length > 0 && WantsTaken(pod) ? _claimIsTaken
        : null;

    private bool WantsDisk(PodInfo pod, NodeInfo node) =>
        Array.Exists(pod.Disks, d => _volumes.IsTaken(d, node.Name));

    private bool WantsTaken(PodInfo pod) => pod.Claims.Any(c => _volumes.IsInUse(c.Key(pod))
        && _volumes.Claim(c.Key(pod))?.Spec.AccessModes?.Contains("ReadWriteOncePod") == true);
}
