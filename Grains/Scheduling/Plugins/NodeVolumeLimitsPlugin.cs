using k8s.Models;
using OrleansOrchestrator.Grains.Scheduling.Framework;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// A node takes so many volumes of a CSI driver as its CSINode says; one that several pods use counts once, and one
/// that is attached counts though no pod uses it any more.
/// </summary>
public sealed class NodeVolumeLimitsPlugin : IFilterPlugin
{
    private readonly VolumeTable _volumes;
    private readonly Verdict _rejection;

    public NodeVolumeLimitsPlugin(VolumeTable volumes)
    {
        _volumes = volumes;
        _rejection = new Verdict(Name, true, "node(s) exceed max volume count");
    }

    public string Name => "NodeVolumeLimits";

    public ClusterChanges HelpfulChanges =>
        ClusterChanges.NodeAdded | ClusterChanges.PodGone | ClusterChanges.VolumeClaim | ClusterChanges.CsiNode
        | ClusterChanges.Attachment;

    public Verdict? Filter(PodInfo pod, NodeInfo node) =>
        pod.Claims.Length > 0 && LimitsOf(node) is { Count: > 0 } limits && IsOver(limits, pod, node)
            ? _rejection
            : null;

    private bool IsOver(Dictionary<string, int> limits, PodInfo pod, NodeInfo node)
    {
        var known = _volumes.ClaimsOn(node.Name).Select(VolumeOf).Concat(
            _volumes.AttachedTo(node.Name).Select(VolumeOf)).OfType<CsiVolume>().ToHashSet();
        var fresh = pod.Claims.Select(c => VolumeOf(c.Key(pod))).OfType<CsiVolume>().ToHashSet();
        fresh.ExceptWith(known);
        return fresh.CountBy(v => v.Driver).Any(d =>
            limits.TryGetValue(d.Key, out var limit) && known.Count(v => v.Driver == d.Key) + d.Value > limit);
    }

    private Dictionary<string, int> LimitsOf(NodeInfo node) =>
        (_volumes.CsiNode(node.Name)?.Spec.Drivers ?? []).Where(d => d.Allocatable?.Count is not null)
            .ToDictionary(d => d.Name, d => d.Allocatable.Count!.Value, StringComparer.Ordinal);

    /// <summary>
    /// The volume of a claim, or the one that its class will have made; null for one of no CSI driver.
    /// </summary>
    private CsiVolume? VolumeOf(ObjectKey key)
    {
        if (_volumes.Claim(key) is not { } claim)
        {
            return null;
        }

        var volume = string.IsNullOrEmpty(claim.Spec.VolumeName) ? null : _volumes.Volume(claim.Spec.VolumeName);
        return volume is not null
            ? volume.Spec.Csi is { } csi ? new CsiVolume(csi.Driver, csi.VolumeHandle) : null
            : _volumes.ClassOf(claim) is { } ofClaim ? new CsiVolume(ofClaim.Provisioner, $"claim {key}") : null;
    }

    private CsiVolume? VolumeOf(AttachedVolume attached) =>
        _volumes.Volume(attached.Volume)?.Spec.Csi is { } csi ? new CsiVolume(attached.Driver, csi.VolumeHandle) : null;

    /// <summary>What counts against a limit.</summary>
    private sealed record CsiVolume(string Driver, string Handle);
}
