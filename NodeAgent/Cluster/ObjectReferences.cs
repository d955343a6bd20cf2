using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>A ConfigMap or Secret by name.</summary>
public readonly record struct ObjectReference(string Kind, string Namespace, string Name);

/// <summary>Keeps the caches to what pods use, and says which pods a change concerns.</summary>
public interface IReferenceTracker
{
    /// <summary>Raised with a pod's uid when something it refers to changed.</summary>
    event Action<string>? PodAffected;

    /// <summary>An empty set forgets the pod.</summary>
    void Track(string podUid, IReadOnlySet<ObjectReference> references);
}

/// <summary>Collects the ConfigMaps and Secrets that a pod names. Pure.</summary>
public static class ObjectReferences
{
    public static IReadOnlySet<ObjectReference> Of(V1Pod pod)
    {
        var podNamespace = pod.Metadata.NamespaceProperty;
        var maps = pod.AllContainers().SelectMany(MapsOf).Concat((pod.Spec.Volumes ?? []).SelectMany(MapsOf));
        var secrets = pod.AllContainers().SelectMany(SecretsOf)
            .Concat((pod.Spec.Volumes ?? []).SelectMany(SecretsOf))
            .Concat((pod.Spec.ImagePullSecrets ?? []).Select(s => s.Name));
        return maps.OfType<string>().Select(n => new ObjectReference("ConfigMap", podNamespace, n))
            .Concat(secrets.OfType<string>().Select(n => new ObjectReference("Secret", podNamespace, n)))
            .Where(r => r.Name.Length > 0).ToHashSet();
    }

    private static IEnumerable<string?> MapsOf(V1Container container) =>
        (container.EnvFrom ?? []).Select(e => e.ConfigMapRef?.Name)
            .Concat((container.Env ?? []).Select(e => e.ValueFrom?.ConfigMapKeyRef?.Name));

    private static IEnumerable<string?> SecretsOf(V1Container container) =>
        (container.EnvFrom ?? []).Select(e => e.SecretRef?.Name)
            .Concat((container.Env ?? []).Select(e => e.ValueFrom?.SecretKeyRef?.Name));

    private static IEnumerable<string?> MapsOf(V1Volume volume) =>
        (volume.Projected?.Sources ?? []).Select(s => s.ConfigMap?.Name).Append(volume.ConfigMap?.Name);

    private static IEnumerable<string?> SecretsOf(V1Volume volume) =>
        (volume.Projected?.Sources ?? []).Select(s => s.Secret?.Name).Append(volume.Secret?.SecretName);
}
