using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Scheduling.Framework;
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

    public ClusterChanges HelpfulChanges =>
        ClusterChanges.NodeAdded | ClusterChanges.NodeLabels | ClusterChanges.VolumeClaim | ClusterChanges.Volume
        | ClusterChanges.StorageClass | ClusterChanges.CsiNode | ClusterChanges.StorageCapacity;

    /// <summary>
    /// Upstream's plugins ask one after the other: whether the claims are there, whether each can be used, whether all
    /// are bound that must be, and whether their volumes are there.
    /// </summary>
    public PreFilterResult PreFilter(PodInfo pod)
    {
        if (pod.Claims.Length == 0)
        {
            return new PreFilterResult(null, null);
        }

        var why = First(pod, Missing) ?? First(pod, Unusable) ?? First(pod, Unbound) ?? First(pod, Vanished);
        return new PreFilterResult(why is null ? null : new Verdict(Name, false, why), null);
    }

    public Verdict? Filter(PodInfo pod, NodeInfo node) => pod.Claims.Length == 0 ? null : Judge(pod, node);

    /// <summary>What is wrong with bound claims, and what with unbound ones, is both told.</summary>
    private Verdict? Judge(PodInfo pod, NodeInfo node)
    {
        var bound = pod.Claims.Select(c => _volumes.Claim(c.Key(pod))).OfType<V1PersistentVolumeClaim>()
            .Where(IsBound).Select(c => Bound(c, node)).FirstOrDefault(static v => v is not null);
        var unbound = Choose(pod, node, []);
        return bound is null || unbound is null
            ? bound ?? unbound
            : new Verdict(Name, false, bound.Reasons.Concat(unbound.Reasons).ToList());
    }

    /// <summary>What must be written for the unbound claims of a pod on a node that the filter let through.</summary>
    public IReadOnlyList<VolumeChoice> Choose(PodInfo pod, NodeInfo node)
    {
        List<VolumeChoice> choices = [];
        var rejection = Choose(pod, node, choices);
        Invariant.Check(rejection is null, "the node was let through", pod.Key);
        return choices;
    }

    /// <summary>
    /// Chooses for all unbound claims, smaller ones first; why not, when for one there is nothing.
    /// </summary>
    private Verdict? Choose(PodInfo pod, NodeInfo node, List<VolumeChoice> choices)
    {
        var unbound = new List<(ObjectKey Key, V1PersistentVolumeClaim Claim)>();
        var make = new List<(ObjectKey Key, V1PersistentVolumeClaim Claim)>();
        foreach (var key in pod.Claims.Select(c => c.Key(pod)))
        {
            if (_volumes.Claim(key) is not { } claim || IsBound(claim))
            {
                continue;
            }

            var selected = claim.GetAnnotation(VolumeAnnotations.SelectedNode);
            if (selected is not null && selected != node.Name)
            {
                return _noVolume;
            }

            (selected is null ? unbound : make).Add((key, claim));
        }

        foreach (var (key, claim) in unbound.OrderBy(static u => VolumeMatch.Requested(u.Claim)))
        {
            var free = _volumes.Volumes.Where(v => choices.TrueForAll(c => c.Volume != v.Metadata.Name));
            if (VolumeMatch.Find(claim, free, reservedOnly: false, v => v.Reaches(node.Name, node.Labels)) is { } volume)
            {
                choices.Add(new VolumeChoice(key, claim.Metadata.Uid, volume.Metadata.Name));
            }
            else
            {
                make.Add((key, claim));
            }
        }

        foreach (var (key, claim) in make)
        {
            if (WhyNotProvision(claim, node) is { } rejection)
            {
                return rejection;
            }

            choices.Add(new VolumeChoice(key, claim.Metadata.Uid, null));
        }

        return null;
    }

    private static bool IsBound(V1PersistentVolumeClaim claim) =>
        !string.IsNullOrEmpty(claim.Spec.VolumeName) && claim.Has(VolumeAnnotations.BindCompleted);

    private static string? First(PodInfo pod, Func<PodInfo, ClaimUse, string?> look) =>
        pod.Claims.Select(c => look(pod, c)).FirstOrDefault(static why => why is not null);

    /// <summary>An ephemeral claim is made for the pod, and may be yet to come.</summary>
    private string? Missing(PodInfo pod, ClaimUse item) => item.IsEphemeral || _volumes.Claim(item.Key(pod)) is not null
        ? null
        : $"persistentvolumeclaim \"{item.Name}\" not found";

    private string? Unusable(PodInfo pod, ClaimUse item) => _volumes.Claim(item.Key(pod)) switch
    {
        null =>
            $"waiting for ephemeral volume controller to create the persistentvolumeclaim \"{item.Name}\"",
        { Status.Phase: "Lost" } lost =>
            $"persistentvolumeclaim \"{item.Name}\" bound to non-existent persistentvolume \"{lost.Spec.VolumeName}\"",
        { Metadata.DeletionTimestamp: not null } => $"persistentvolumeclaim \"{item.Name}\" is being deleted",
        { } claim when item.IsEphemeral && !PodClaims.IsOwn(pod.Uid, claim) =>
            $"PVC {item.Key(pod)} was not created for pod {pod.Key} (pod is not owner)",
        _ => null,
    };

    private string? Unbound(PodInfo pod, ClaimUse item)
    {
        var claim = _volumes.Claim(item.Key(pod))!;
        var isDelayed = string.IsNullOrEmpty(claim.Spec.VolumeName)
            && _volumes.ClassOf(claim)?.VolumeBindingMode == VolumeMatch.WaitForFirstConsumer;
        return IsBound(claim) || isDelayed ? null : "pod has unbound immediate PersistentVolumeClaims";
    }

    /// <summary>Upstream asks for the zones of volumes, and of those of ephemeral claims it does not.</summary>
    private string? Vanished(PodInfo pod, ClaimUse item) =>
        !item.IsEphemeral && _volumes.Claim(item.Key(pod))?.Spec.VolumeName is { Length: > 0 } name
        && _volumes.Volume(name) is null
            ? $"persistentvolume \"{name}\" not found"
            : null;

    private Verdict? Bound(V1PersistentVolumeClaim claim, NodeInfo node) =>
        _volumes.Volume(claim.Spec.VolumeName) is not { } volume ? _lost
        : volume.Reaches(node.Name, node.Labels) ? null
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
        VolumeChanges.LimitOf(capacity) is { } limit && limit >= size;
}
