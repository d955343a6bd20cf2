using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// Claims of a pod: bound ones whose volumes can be used on the node, and unbound ones of delayed classes for which
/// there is a volume, or one can be made, there.
/// </summary>
public sealed class VolumeBindingPlugin : IPreFilterPlugin, IFilterPlugin
{
    private const string NoProvisioner = "kubernetes.io/no-provisioner";

    private readonly VolumeTable _volumes;
    private readonly Verdict _noVolume;
    private readonly Verdict _noSpace;
    private readonly Verdict _elsewhere;
    private readonly Verdict _lost;

    public VolumeBindingPlugin(VolumeTable volumes)
    {
        _volumes = volumes;
        _noVolume = new Verdict(Name, false, "node(s) didn't find available persistent volumes to bind");
        _noSpace = new Verdict(Name, false, "node(s) did not have enough free storage");
        _elsewhere = new Verdict(Name, false, "node(s) didn't match PersistentVolume's node affinity");
        _lost = new Verdict(
            Name, false, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
    }

    public string Name => "VolumeBinding";

    public ClusterChanges HelpfulChanges => ClusterChanges.Node;

    public PreFilterResult PreFilter(PodInfo pod)
    {
        foreach (var item in pod.Claims)
        {
            if (Unusable(pod, item) is { } why)
            {
                return new PreFilterResult(new Verdict(Name, false, why), null);
            }
        }

        return new PreFilterResult(null, null);
    }

    public Verdict? Filter(PodInfo pod, NodeInfo node)
    {
        foreach (var item in pod.Claims)
        {
            if (_volumes.Claim(item.Key(pod)) is { } claim && IsBound(claim) && Bound(claim, node) is { } rejection)
            {
                return rejection;
            }
        }

        return pod.Claims.Length > 0 ? Choose(pod, node, []) : null;
    }

    /// <summary>What must be written for the unbound claims of a pod on a node that the filter let through.</summary>
    public IReadOnlyList<VolumeChoice> Choose(PodInfo pod, NodeInfo node)
    {
        List<VolumeChoice> choices = [];
        var rejection = Choose(pod, node, choices);
        Invariant.Check(rejection is null, "the node was let through", pod.Key);
        return choices;
    }

    /// <summary>Chooses for all unbound claims; why not, when for one there is nothing.</summary>
    private Verdict? Choose(PodInfo pod, NodeInfo node, List<VolumeChoice> choices)
    {
        foreach (var item in pod.Claims)
        {
            if (_volumes.Claim(item.Key(pod)) is not { } claim || IsBound(claim))
            {
                continue;
            }

            var selected = claim.GetAnnotation(VolumeAnnotations.SelectedNode);
            if (selected is not null && selected != node.Name)
            {
                return _noVolume;
            }

            var free = _volumes.Volumes.Where(v => choices.TrueForAll(c => c.Volume != v.Metadata.Name));
            var volume = selected is null
                ? VolumeMatch.Find(claim, free, reservedOnly: false, v => Reaches(v, node))
                : null;
            if (volume is null && WhyNotProvision(claim, node) is { } rejection)
            {
                return rejection;
            }

            choices.Add(new VolumeChoice(item.Key(pod), claim.Metadata.Uid, volume?.Metadata.Name));
        }

        return null;
    }

    private static bool IsBound(V1PersistentVolumeClaim claim) =>
        !string.IsNullOrEmpty(claim.Spec.VolumeName) && claim.Has(VolumeAnnotations.BindCompleted);

    /// <summary>Why no node can do; null when nodes are worth a look.</summary>
    private string? Unusable(PodInfo pod, ClaimUse item)
    {
        var claim = _volumes.Claim(item.Key(pod));
        if (claim is null)
        {
            return item.IsEphemeral
                ? $"waiting for ephemeral volume controller to create the persistentvolumeclaim \"{item.Name}\""
                : $"persistentvolumeclaim \"{item.Name}\" not found";
        }

        if (claim.Metadata.DeletionTimestamp is not null)
        {
            return $"persistentvolumeclaim \"{item.Name}\" is being deleted";
        }

        if (item.IsEphemeral && !PodClaims.IsOwn(pod.Uid, claim))
        {
            return $"PVC {item.Key(pod)} was not created for pod {pod.Key} (pod is not owner)";
        }

        if (claim.Status?.Phase == "Lost")
        {
            return $"persistentvolumeclaim \"{item.Name}\" bound to non-existent persistentvolume " +
                $"\"{claim.Spec.VolumeName}\"";
        }

        var isDelayed = string.IsNullOrEmpty(claim.Spec.VolumeName)
            && _volumes.ClassOf(claim)?.VolumeBindingMode == VolumeMatch.WaitForFirstConsumer;
        return IsBound(claim) || isDelayed ? null : "pod has unbound immediate PersistentVolumeClaims";
    }

    private Verdict? Bound(V1PersistentVolumeClaim claim, NodeInfo node) =>
        _volumes.Volume(claim.Spec.VolumeName) is not { } volume ? _lost
        : Reaches(volume, node) ? null
        : _elsewhere;

    private Verdict? WhyNotProvision(V1PersistentVolumeClaim claim, NodeInfo node)
    {
        var ofClaim = _volumes.ClassOf(claim);
        var topologies = ofClaim?.AllowedTopologies;
        var isPossible = ofClaim is { Provisioner: not ("" or NoProvisioner) }
            && (topologies is not { Count: > 0 } || topologies.Any(t => (t.MatchLabelExpressions ?? []).All(e =>
                node.Labels.TryGetValue(e.Key, out var value) && e.Values.Contains(value))));
        return !isPossible ? _noVolume : HasSpace(claim, ofClaim!, node) ? null : _noSpace;
    }

    /// <summary>Only drivers that say so publish how much they have left, and where.</summary>
    private bool HasSpace(V1PersistentVolumeClaim claim, V1StorageClass ofClaim, NodeInfo node)
    {
        var size = VolumeMatch.Requested(claim);
        return size == Quantity.Zero
            || _volumes.Driver(ofClaim.Provisioner)?.Spec.StorageCapacity != true
            || _volumes.Capacities.Any(c => c.StorageClassName == ofClaim.Metadata.Name && IsEnough(c, size)
                && c.NodeTopology is not null && LabelSelector.Of(c.NodeTopology).Matches(node.Labels));
    }

    private static bool IsEnough(V1CSIStorageCapacity capacity, Quantity size) =>
        (capacity.MaximumVolumeSize ?? capacity.Capacity) is { } limit && Quantity.Of(limit) >= size;

    private static bool Reaches(V1PersistentVolume volume, NodeInfo node) =>
        volume.Spec.NodeAffinity?.Required?.NodeSelectorTerms is not { } terms
        || terms.Any(t => NodeSelectorTerm.Of(t).Matches(node));
}
