using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Core.PersistentVolumes;

/// <summary>Secrets that a node needs to mount a volume.</summary>
public static class PersistentVolumeSecrets
{
    /// <summary>Those that the volume refers to; what its controller alone needs is not among them.</summary>
    public static IEnumerable<ObjectKey> OfNodes(V1PersistentVolume volume)
    {
        // Volumes of old say no namespace, and mean that of their claim.
        var (spec, home) = (volume.Spec, volume.Spec.ClaimRef?.NamespaceProperty ?? "");
        var azure = spec.AzureFile;
        ObjectKey?[] all =
        [
            azure is null ? null : Key(azure.SecretNamespace, azure.SecretName, home),
            Key(spec.Cephfs?.SecretRef, home), Key(spec.FlexVolume?.SecretRef, home), Key(spec.Rbd?.SecretRef, home),
            Key(spec.ScaleIO?.SecretRef, home), Key(spec.Iscsi?.SecretRef, home), Key(spec.Cinder?.SecretRef, ""),
            spec.Storageos?.SecretRef is { } secret ? Key(secret.NamespaceProperty, secret.Name, "") : null,
            Key(spec.Csi?.NodePublishSecretRef, ""), Key(spec.Csi?.NodeStageSecretRef, ""),
            Key(spec.Csi?.NodeExpandSecretRef, ""),
        ];
        return all.OfType<ObjectKey>();
    }

    private static ObjectKey? Key(V1SecretReference? secret, string home) =>
        secret is null ? null : Key(secret.NamespaceProperty, secret.Name, home);

    private static ObjectKey? Key(string? space, string? name, string home) =>
        string.IsNullOrEmpty(name) ? null : new ObjectKey(string.IsNullOrEmpty(space) ? home : space, name);
}
