namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>Annotations by which the binder, the scheduler and provisioners talk to each other.</summary>
internal static class VolumeAnnotations
{
    /// <summary>On a claim: it was bound once, so a volume that is missing now is lost.</summary>
    public const string BindCompleted = "pv.kubernetes.io/bind-completed";

    /// <summary>On either side: the binding is ours, not the user's, and may be undone.</summary>
    public const string BoundByController = "pv.kubernetes.io/bound-by-controller";

    /// <summary>On a volume: who made it.</summary>
    public const string ProvisionedBy = "pv.kubernetes.io/provisioned-by";

    /// <summary>On either side: the in-tree plugin has become this CSI driver, which looks after it.</summary>
    public const string MigratedTo = "pv.kubernetes.io/migrated-to";

    /// <summary>On a claim: who is to make its volume.</summary>
    public const string Provisioner = "volume.kubernetes.io/storage-provisioner";

    /// <summary>The same, as older provisioners read it.</summary>
    public const string BetaProvisioner = "volume.beta.kubernetes.io/storage-provisioner";

    /// <summary>On a claim: where the scheduler wants its volume to be made.</summary>
    public const string SelectedNode = "volume.kubernetes.io/selected-node";

    /// <summary>On a claim: who is to make its volume larger.</summary>
    public const string Resizer = "volume.kubernetes.io/storage-resizer";

    /// <summary>On a volume: the size of its file system, which has yet to be made as large as it is itself.</summary>
    public const string PreResizeCapacity = "volume.alpha.kubernetes.io/pre-resize-capacity";

    /// <summary>The value of annotations that only need to be there.</summary>
    public const string Yes = "yes";

    public static bool Has(this k8s.IKubernetesObject<k8s.Models.V1ObjectMeta> item, string annotation) =>
        item.Metadata.Annotations?.ContainsKey(annotation) == true;
}
