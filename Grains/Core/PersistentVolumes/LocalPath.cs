using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>
/// Volumes that are directories on the node where their first pod runs: what a cluster of one's own machines has
/// without any storage system. The rules are those of the local-path provisioner that small clusters know: one node,
/// no promise about size, gone with the claim. Pure.
/// </summary>
internal static class LocalPath
{
    /// <summary>Who makes them, as StorageClasses name it, and as events say it.</summary>
    public const string Provisioner = "orc.local/path";

    /// <summary>The class that a cluster starts with.</summary>
    public const string ClassName = "local-path";

    /// <summary>Keeps a volume whose data still has to be removed; the name is that of external provisioners.</summary>
    public const string Finalizer = "external-provisioner.volume.kubernetes.io/finalizer";

    /// <summary>On a volume: the node that has the directory.</summary>
    public const string NodeAnnotation = "orc.local/node";

    private const string DefaultClass = "storageclass.kubernetes.io/is-default-class";
    private const string HostName = "kubernetes.io/hostname";
    private const string Delete = "Delete";

    private static readonly string[] OneNode = ["ReadWriteOnce", "ReadWriteOncePod"];

    /// <summary>Expandable: what a directory is said to have can be raised like it was said at first.</summary>
    public static V1StorageClass Class => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = ClassName, Annotations = new Dictionary<string, string> { [DefaultClass] = "true" },
        },
        Provisioner = Provisioner,
        VolumeBindingMode = VolumeMatch.WaitForFirstConsumer,
        ReclaimPolicy = Delete,
        AllowVolumeExpansion = true,
    };

    /// <summary>The name of the volume that is made for a claim, in the form of upstream's provisioners.</summary>
    public static string NameFor(V1PersistentVolumeClaim claim) => $"pvc-{claim.Metadata.Uid}";

    public static bool IsOurs(V1PersistentVolume volume) =>
        volume.GetAnnotation(VolumeAnnotations.ProvisionedBy) == Provisioner;

    /// <summary>Why no directory can be what the claim wants; null when one can.</summary>
    public static string? WhyNot(V1PersistentVolumeClaim claim) =>
        claim.Spec.VolumeMode == "Block" ? "only volumes of mode Filesystem can be made of directories"
        : claim.Spec.Selector is not null ? "claim.Spec.Selector is not supported"
        : claim.Spec.DataSource is not null || claim.Spec.DataSourceRef is not null
            ? "claim.Spec.DataSource is not supported"
        : !string.IsNullOrEmpty(claim.Spec.VolumeAttributesClassName)
            ? "claim.Spec.VolumeAttributesClassName is not supported"
        : claim.Spec.AccessModes?.All(m => OneNode.Contains(m)) != true
            ? "only the access modes ReadWriteOnce and ReadWriteOncePod are supported"
        : !claim.Has(VolumeAnnotations.SelectedNode) ? "configuration error, no node was specified"
        : null;

    /// <summary>The volume that stands for the directory.</summary>
    public static V1PersistentVolume Volume(
        V1PersistentVolumeClaim claim, V1StorageClass ofClaim, V1Node node, string path) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = NameFor(claim),
            Annotations = new Dictionary<string, string>
            {
                [VolumeAnnotations.ProvisionedBy] = Provisioner, [NodeAnnotation] = node.Metadata.Name,
            },
            Finalizers = [Finalizer],
        },
        Spec = new V1PersistentVolumeSpec
        {
            AccessModes = claim.Spec.AccessModes,
            Capacity = claim.Spec.Resources?.Requests,
            ClaimRef = VolumeBinding.Reference(claim),
            Local = new V1LocalVolumeSource { Path = path },
            MountOptions = ofClaim.MountOptions,
            NodeAffinity = new V1VolumeNodeAffinity { Required = Only(node) },
            PersistentVolumeReclaimPolicy = ofClaim.ReclaimPolicy,
            StorageClassName = ofClaim.Metadata.Name,
            VolumeMode = "Filesystem",
        },
    };

    /// <summary>By the label of its host, as scheduler and people expect it; else by its name.</summary>
    private static V1NodeSelector Only(V1Node node)
    {
        var host = node.Metadata.Labels?.TryGetValue(HostName, out var label) == true ? label : null;
        V1NodeSelectorRequirement requirement = new()
        {
            Key = host is null ? "metadata.name" : HostName, OperatorProperty = "In",
            Values = [host ?? node.Metadata.Name],
        };
        return new V1NodeSelector
        {
            NodeSelectorTerms =
            [
                host is null
                    ? new V1NodeSelectorTerm { MatchFields = [requirement] }
                    : new V1NodeSelectorTerm { MatchExpressions = [requirement] },
            ],
        };
    }
}
