namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>A claim with ReadWriteOncePod is for one pod at a time.</summary>
public sealed class VolumeRestrictionsPlugin : IFilterPlugin
{
    private readonly VolumeTable _volumes;
    private readonly Verdict _rejection;

    public VolumeRestrictionsPlugin(VolumeTable volumes)
    {
        _volumes = volumes;
        _rejection = new Verdict(
            Name,
            true,
            "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by " +
            "another pod");
    }

    public string Name => "VolumeRestrictions";

    public ClusterChanges HelpfulChanges => ClusterChanges.None;

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        pod.Claims.Length > 0 && WantsTaken(pod) ? _rejection : null;

    private bool WantsTaken(PodInfo pod) => pod.Claims.Any(c => _volumes.IsInUse(c.Key(pod))
        && _volumes.Claim(c.Key(pod))?.Spec.AccessModes?.Contains("ReadWriteOncePod") == true);
}
