using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using Ability = OrleansOrchestrator.NodeAgent.Csi.V1.NodeServiceCapability.Types.RPC.Types.Type;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// A volume of a driver's as a pod wants it: what one of a PersistentVolume and one of the pod's own have in common.
/// </summary>
public sealed record CsiMount
{
    private const string ReadWriteOnce = "ReadWriteOnce";

    public required V1Pod Pod { get; init; }

    /// <summary>The pod's name for it.</summary>
    public required string PodVolume { get; init; }

    /// <summary>The name of the PersistentVolume, or the pod's.</summary>
    public required string Name { get; init; }

    public required string Driver { get; init; }

    /// <summary>What the driver calls it.</summary>
    public required string Handle { get; init; }

    /// <summary>Null for one that lives and dies with its pod.</summary>
    public V1PersistentVolume? Persistent { get; init; }

    public bool IsReadOnly { get; init; }

    public string FsType { get; init; } = "";

    public IDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>();

    public V1SecretReference? PublishSecret { get; init; }

    /// <summary>Whether containers get it as a device; else it is mounted.</summary>
    public bool IsBlock => Persistent?.Spec.VolumeMode == BlockDevices.Mode;

    public string LifecycleMode => Persistent is null ? "Ephemeral" : "Persistent";

    public long? FsGroup => Pod.Spec.SecurityContext?.FsGroup;

    public static CsiMount Of(V1Pod pod, V1Volume volume, V1PersistentVolume persistent)
    {
        var source = persistent.Spec.Csi;
        return new CsiMount
        {
            Pod = pod,
            PodVolume = volume.Name,
            Name = persistent.Metadata.Name,
            Driver = source.Driver,
            Handle = source.VolumeHandle,
            Persistent = persistent,
            IsReadOnly = volume.PersistentVolumeClaim?.ReadOnlyProperty == true,
            FsType = source.FsType ?? "",
            Attributes = source.VolumeAttributes ?? new Dictionary<string, string>(),
            PublishSecret = source.NodePublishSecretRef,
        };
    }

    /// <summary>The pod's own volume.</summary>
    public static CsiMount Of(V1Pod pod, V1Volume volume) => new()
    {
        Pod = pod,
        PodVolume = volume.Name,
        Name = volume.Name,
        Driver = volume.Csi.Driver,
        Handle = CsiPlaces.EphemeralHandle(pod.Metadata.Uid, volume.Name),
        IsReadOnly = volume.Csi.ReadOnlyProperty == true,
        FsType = volume.Csi.FsType ?? "",
        Attributes = volume.Csi.VolumeAttributes ?? new Dictionary<string, string>(),
        PublishSecret = volume.Csi.NodePublishSecretRef is { } secret
            ? new V1SecretReference { Name = secret.Name, NamespaceProperty = pod.Metadata.NamespaceProperty }
            : null,
    };

    /// <summary>How it is to be used.</summary>
    /// <param name="abilities">The driver's.</param>
    /// <param name="group">Whose it becomes, where the driver sees to that.</param>
    public VolumeCapability Capability(IReadOnlySet<Ability> abilities, long? group)
    {
        var mode = Persistent?.Spec.AccessModes?.FirstOrDefault() ?? ReadWriteOnce;
        var capability = new VolumeCapability
        {
            AccessMode = new VolumeCapability.Types.AccessMode
            {
                Mode = CsiAccessModes.Of(mode, abilities.Contains(Ability.SingleNodeMultiWriter)),
            },
        };
        if (IsBlock)
        {
            capability.Block = new VolumeCapability.Types.BlockVolume();
        }
        else
        {
            capability.Mount = MountOf(abilities, group);
        }

        return capability;
    }

    /// <summary>
    /// Whether the node gives the volume to the pod's group, by the driver's policy; upstream's rules.
    /// </summary>
    public bool IsGivenToGroup(string policy) => (FsGroup, policy) switch
    {
        (null, _) or (_, "None") => false,
        _ when IsReadOnly || IsBlock => false,
        (_, "File") => true,
        _ when FsType.Length == 0 => false,
        _ => Persistent is null
            || Persistent.Spec.AccessModes?.Any(static m => m is ReadWriteOnce or "ReadWriteOncePod") == true,
    };

    private VolumeCapability.Types.MountVolume MountOf(IReadOnlySet<Ability> abilities, long? group)
    {
        var mount = new VolumeCapability.Types.MountVolume { FsType = FsType };
        mount.MountFlags.AddRange(Persistent?.Spec.MountOptions ?? []);
        if (group is { } id && abilities.Contains(Ability.VolumeMountGroup))
        {
            mount.VolumeMountGroup = id.ToString(CultureInfo.InvariantCulture);
        }

        return mount;
    }
}
