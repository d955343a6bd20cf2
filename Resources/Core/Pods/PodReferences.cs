using k8s.Models;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>What a pod's spec refers to: its node may read that, and nothing else.</summary>
public static class PodReferences
{
    /// <summary>
    /// True if the pod refers to the object, by the plural name of its resource. A mirror pod refers to nothing: nodes
    /// create them, and must not give themselves rights.
    /// </summary>
    public static bool Has(V1Pod pod, string resource, string name) => !IsMirror(pod) && resource switch
    {
        "serviceaccounts" => pod.Spec.ServiceAccountName == name,
        "configmaps" => ConfigMaps(pod.Spec).Contains(name),
        "secrets" => Secrets(pod.Spec).Contains(name),
        "persistentvolumeclaims" => Claims(pod).Contains(name),
        "resourceclaims" => ResourceClaims(pod).Contains(name),
        _ => false,
    };

    /// <summary>True for a static pod's image in the API, which its node writes.</summary>
    public static bool IsMirror(V1Pod pod) => pod.Metadata.Annotations?.ContainsKey(PodAnnotations.Mirror) == true;

    /// <summary>The claims of volumes that the pod refers to; none of a mirror pod.</summary>
    public static IEnumerable<string> ClaimsOf(V1Pod pod) => IsMirror(pod) ? [] : Claims(pod);

    /// <summary>
    /// True if that is the uid by which the pod's node knows it: a mirror stands for a pod that has another uid there.
    /// </summary>
    public static bool StandsFor(V1Pod pod, string uid) => pod.Metadata.Uid == uid
        || (pod.Metadata.Annotations?.TryGetValue(PodAnnotations.Mirror, out var hash) == true && hash == uid);

    /// <summary>The first kind of object, in the plural, that a pod refers to; null when it stands alone.</summary>
    public static string? FirstKind(V1Pod pod)
    {
        var spec = pod.Spec;
        return !string.IsNullOrEmpty(spec.ServiceAccountName) ? "serviceaccounts"
            : Secrets(spec).Any() ? "secrets"
            : ConfigMaps(spec).Any() ? "configmaps"
            : spec.ResourceClaims is { Count: > 0 } ? "resourceclaims"
            : (spec.Volumes ?? []).Select(KindOf).FirstOrDefault(kind => kind is not null);
    }

    private static string? KindOf(V1Volume volume) =>
        volume.PersistentVolumeClaim is not null || volume.Ephemeral is not null ? "persistentvolumeclaims"
        : volume.Csi is not null ? "csidrivers"
        : volume.Glusterfs is not null ? "endpoints"
        : (volume.Projected?.Sources ?? []).Select(static source =>
            source.ServiceAccountToken is not null ? "serviceaccounts"
            : source.ClusterTrustBundle is not null ? "clustertrustbundles"
            : source.PodCertificate is not null ? "podcertificates"
            : null).FirstOrDefault(static kind => kind is not null);

    private static IEnumerable<string> ConfigMaps(V1PodSpec spec) => Named(
    [
        .. (spec.Volumes ?? []).SelectMany(v =>
            (v.Projected?.Sources ?? []).Select(s => s.ConfigMap?.Name).Prepend(v.ConfigMap?.Name)),
        .. Sources(spec).Select(s => s.ConfigMapRef?.Name),
        .. Variables(spec).Select(v => v.ConfigMapKeyRef?.Name),
    ]);

    /// <summary>All Secrets that a pod refers to.</summary>
    public static IEnumerable<string> Secrets(V1PodSpec spec) => Named(
    [
        .. (spec.ImagePullSecrets ?? []).Select(s => s.Name),
        .. (spec.Volumes ?? []).SelectMany(SecretsOf),
        .. Sources(spec).Select(s => s.SecretRef?.Name),
        .. Variables(spec).Select(v => v.SecretKeyRef?.Name),
    ]);

    private static IEnumerable<string?> SecretsOf(V1Volume volume) =>
    [
        volume.Secret?.SecretName, volume.AzureFile?.SecretName, volume.Cephfs?.SecretRef?.Name,
        volume.Cinder?.SecretRef?.Name, volume.FlexVolume?.SecretRef?.Name, volume.Rbd?.SecretRef?.Name,
        volume.ScaleIO?.SecretRef?.Name, volume.Iscsi?.SecretRef?.Name, volume.Storageos?.SecretRef?.Name,
        volume.Csi?.NodePublishSecretRef?.Name, .. (volume.Projected?.Sources ?? []).Select(s => s.Secret?.Name),
    ];

    // The claim of an ephemeral volume is named after the pod and the volume.
    private static IEnumerable<string> Claims(V1Pod pod) => Named((pod.Spec.Volumes ?? []).Select(
        v => v.Ephemeral is null ? v.PersistentVolumeClaim?.ClaimName : $"{pod.Metadata.Name}-{v.Name}"));

    // A claim made from a template, or by the scheduler for extended resources, has a name that only the status tells.
    private static IEnumerable<string> ResourceClaims(V1Pod pod) => Named(
    [
        .. (pod.Spec.ResourceClaims ?? []).Select(c => c.ResourceClaimName),
        .. (pod.Status?.ResourceClaimStatuses ?? []).Select(c => c.ResourceClaimName),
        pod.Status?.ExtendedResourceClaimStatus?.ResourceClaimName,
    ]);

    private static IEnumerable<V1EnvFromSource> Sources(V1PodSpec spec) =>
    [
        .. Containers(spec).SelectMany(c => c.EnvFrom ?? []),
        .. (spec.EphemeralContainers ?? []).SelectMany(c => c.EnvFrom ?? []),
    ];

    private static IEnumerable<V1EnvVarSource> Variables(V1PodSpec spec) =>
        Containers(spec).SelectMany(c => c.Env ?? [])
            .Concat((spec.EphemeralContainers ?? []).SelectMany(c => c.Env ?? []))
            .Select(v => v.ValueFrom).OfType<V1EnvVarSource>();

    private static IEnumerable<V1Container> Containers(V1PodSpec spec) =>
        (spec.InitContainers ?? []).Concat(spec.Containers ?? []);

    private static IEnumerable<string> Named(IEnumerable<string?> names) =>
        names.Where(n => !string.IsNullOrEmpty(n)).Select(n => n!);
}
