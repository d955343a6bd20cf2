using System.Collections.Concurrent;
using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>A volume of a pod's that is a claim.</summary>
/// <param name="Volume">What the claim is bound to; null when there is a problem.</param>
/// <param name="Problem">Why nothing can be mounted; null when something can.</param>
public sealed record ClaimedVolume(V1PersistentVolume? Volume, string? Problem);

/// <summary>
/// Follows pods' claims to PersistentVolumes and has them mounted, by what mounts this node's own, exports of NFS
/// servers or volumes of drivers, in upstream's steps and words. What a pod got once stays its own until it is taken
/// down: containers start again while the API is away, and while their claim is being deleted.
/// </summary>
public sealed class ClaimedVolumes(
    IObjectReader objects, NodeObject node, PodPaths paths, CsiVolumes drivers, NfsVolumes exports, LocalMounts locals)
{
    private const string Block = BlockDevices.Mode;

    /// <summary>On a PersistentVolume: the group that may write there, which its pods' processes belong to.</summary>
    private const string GroupAnnotation = "pv.beta.kubernetes.io/gid";

    private readonly ConcurrentDictionary<(string Pod, string Volume), Known> _known = new();

    /// <summary>The claims among the volumes that the pod's containers use, by the pod's name for them.</summary>
    public async Task<IReadOnlyDictionary<string, ClaimedVolume>> FindAsync(
        V1Pod pod, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, ClaimedVolume>(StringComparer.Ordinal);
        foreach (var volume in pod.UsedVolumes())
        {
            if ((volume.PersistentVolumeClaim?.ClaimName ?? OwnClaim(pod, volume)) is { } claim)
            {
                found[volume.Name] = _known.TryGetValue((pod.Metadata.Uid, volume.Name), out var known)
                    ? new ClaimedVolume(known.Volume, null)
                    : await FindAsync(pod, volume, claim, cancellationToken);
            }
        }

        return found;
    }

    /// <summary>Mounts what a claim of the pod is bound to; returns where it is: a directory, or a device.</summary>
    public async Task<string> SetUpAsync(
        V1Pod pod, V1Volume volume, V1PersistentVolume persistent, CancellationToken cancellationToken)
    {
        if (!_known.ContainsKey((pod.Metadata.Uid, volume.Name)))
        {
            Require(pod, persistent);
        }

        var isReadOnly = volume.PersistentVolumeClaim?.ReadOnlyProperty == true;
        var path = persistent.Spec.Csi is not null
                ? await drivers.SetUpAsync(CsiMount.Of(pod, volume, persistent), cancellationToken)
            : persistent.Spec.VolumeMode == Block ? BlockDevices.Find(persistent.Spec.Local.Path)
            : persistent.Spec.HostPath is { } hostPath ? Checked(hostPath)
            : persistent.Spec.Nfs is { } export
                ? await exports.MountAsync(
                    MountOf(pod.Metadata.Uid, persistent), export, NfsVolumes.OptionsOf(persistent), isReadOnly,
                    cancellationToken)
            : await locals.MountAsync(
                pod, persistent, MountOf(pod.Metadata.Uid, persistent), isReadOnly,
                () => OtherMounts(pod, persistent), cancellationToken);
        _known[(pod.Metadata.Uid, volume.Name)] = new Known(persistent, path);
        return path;
    }

    /// <summary>
    /// The claims that pods here use, each with the directory of the node that holds its data. A server that is away
    /// would hold up who asks it how full it is.
    /// </summary>
    public IEnumerable<(string Namespace, string Claim, string Path)> InUse =>
        _known.Values
            .Where(static k => k.Volume.Spec is { ClaimRef: not null, Csi: null, Nfs: null, VolumeMode: not Block })
            .Select(static k => (
                k.Volume.Spec.ClaimRef.NamespaceProperty, k.Volume.Spec.ClaimRef.Name, k.Path));

    /// <summary>Groups that mounted volumes give to the pod's processes, besides those that it names itself.</summary>
    public IEnumerable<long> GroupsOf(V1Pod pod) => _known
        .Where(k => k.Key.Pod == pod.Metadata.Uid)
        .Select(static k => long.TryParse(
            k.Value.Volume.GetAnnotation(GroupAnnotation), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out var group) ? group : (long?)null)
        .Except(pod.Spec.SecurityContext?.SupplementalGroups ?? [])
        .OfType<long>();

    public void Forget(string podUid)
    {
        foreach (var key in _known.Keys.Where(k => k.Pod == podUid))
        {
            _known.TryRemove(key, out _);
        }
    }

    /// <summary>The claim that is made for a pod's ephemeral volume; null for a volume of another kind.</summary>
    private static string? OwnClaim(V1Pod pod, V1Volume volume) =>
        volume.Ephemeral is null ? null : $"{pod.Metadata.Name}-{volume.Name}";

    private async Task<ClaimedVolume> FindAsync(
        V1Pod pod, V1Volume volume, string name, CancellationToken cancellationToken)
    {
        var space = pod.Metadata.NamespaceProperty;
        var claim = await objects.GetClaimAsync(space, name, cancellationToken);
        if (WhyNot(claim, name) is { } unusable)
        {
            return Failed($"error processing PVC {space}/{name}: {unusable}");
        }

        if (volume.Ephemeral is not null && !IsOwner(pod, claim!))
        {
            return Failed($"PVC {space}/{name} was not created for pod {space}/{pod.Metadata.Name} (pod is not owner)");
        }

        var persistent = await objects.GetVolumeAsync(claim!.Spec.VolumeName, cancellationToken);
        if (WhyNot(persistent, claim) is { } unbound)
        {
            return Failed($"error processing PVC {space}/{name}: {unbound}");
        }

        return WrongMode(pod, volume.Name, persistent!.Spec.VolumeMode ?? "Filesystem") is { } wrong ? Failed(wrong)
            : PersistentSources.HasPlugin(persistent.Spec) ? new ClaimedVolume(persistent, null)
            : Failed(VolumePlugins.NoPlugin(persistent.Metadata.Name));
    }

    private static ClaimedVolume Failed(string problem) => new(null, problem);

    private static string? WhyNot(V1PersistentVolumeClaim? claim, string name) => claim switch
    {
        null => $"failed to fetch PVC from API server: persistentvolumeclaims \"{name}\" not found",
        { Metadata.DeletionTimestamp: not null } => "PVC is being deleted",
        { Status.Phase: not "Bound" } or { Status: null } => "PVC is not bound",
        { Spec.VolumeName: null or "" } => "PVC has empty pvc.Spec.VolumeName",
        _ => null,
    };

    private static string? WhyNot(V1PersistentVolume? volume, V1PersistentVolumeClaim claim)
    {
        var name = claim.Spec.VolumeName;
        return volume switch
        {
            null => $"failed to fetch PV {name} from API server: persistentvolumes \"{name}\" not found",
            { Spec.ClaimRef: null } =>
                $"found PV object {name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim",
            { Spec.ClaimRef: { } owner } when owner.Uid != claim.Metadata.Uid =>
                $"found PV object {name} but its pv.Spec.ClaimRef.UID {owner.Uid} does not point to claim.UID " +
                claim.Metadata.Uid,
            _ => null,
        };
    }

    private static bool IsOwner(V1Pod pod, V1PersistentVolumeClaim claim) =>
        claim.Metadata.OwnerReferences?.Any(o => o.Controller == true && o.Uid == pod.Metadata.Uid) == true;

    private static string? WrongMode(V1Pod pod, string volume, string mode)
    {
        var isMounted = pod.AllContainers().Any(c => c.VolumeMounts?.Any(m => m.Name == volume) == true);
        var isDevice = pod.AllContainers().Any(c => c.VolumeDevices?.Any(d => d.Name == volume) == true);
        return isMounted && mode == Block
                ? $"volume {volume} has volumeMode {mode}, but is specified in volumeMounts"
            : isDevice && mode != Block
                ? $"volume {volume} has volumeMode {mode}, but is specified in volumeDevices"
            : null;
    }

    /// <summary>What upstream checks before it begins to mount.</summary>
    private void Require(V1Pod pod, V1PersistentVolume volume)
    {
        var isBlock = volume.Spec.VolumeMode == Block;
        if (node.Current is { } current && !NodeAffinity.Matches(volume, current))
        {
            throw new VolumeException("no matching NodeSelectorTerms")
            {
                Stage = isBlock ? "MapVolume.NodeAffinity check" : "MountVolume.NodeAffinity check",
            };
        }

        if (PersistentSources.Problem(volume.Spec) is { } unsupported)
        {
            throw unsupported;
        }

        if (isBlock && volume.Spec is { Local: null, Csi: null })
        {
            throw BlockDevices.NoMapper();
        }

        if (!isBlock && volume.Spec is { HostPath: not null, MountOptions.Count: > 0 })
        {
            throw new VolumeException("Mount options are not supported for this volume type")
            {
                Stage = "MountVolume.MountOptionSupport check", Reason = "UnsupportedMountOption",
            };
        }

        if (volume.Spec.AccessModes?.Contains("ReadWriteOncePod") == true && IsInUse(pod, volume))
        {
            throw new VolumeException(
                "volume uses the ReadWriteOncePod access mode and is already in use by another pod");
        }
    }

    private bool IsInUse(V1Pod pod, V1PersistentVolume volume) =>
        OtherMounts(pod, volume).Any() || _known.Any(
            k => k.Key.Pod != pod.Metadata.Uid && k.Value.Volume.Metadata.Uid == volume.Metadata.Uid);

    private IEnumerable<string> OtherMounts(V1Pod pod, V1PersistentVolume volume) =>
        MountPoints.Among(
            paths.KnownUids().Where(uid => uid != pod.Metadata.Uid).Select(uid => MountOf(uid, volume)));

    private string MountOf(string uid, V1PersistentVolume volume) => volume.Spec.Csi is null
        ? paths.Volume(uid, VolumePlugins.OfDirectory(volume.Spec), volume.Metadata.Name)
        : CsiPlaces.Target(
            volume.Spec.VolumeMode == Block
                ? paths.CsiDevice(uid, volume.Metadata.Name)
                : paths.CsiVolume(uid, volume.Metadata.Name));

    private static string Checked(V1HostPathVolumeSource source)
    {
        HostPathCheck.Require(source);
        return source.Path;
    }

    /// <summary>A volume that a pod has, and where.</summary>
    private sealed record Known(V1PersistentVolume Volume, string Path);
}
