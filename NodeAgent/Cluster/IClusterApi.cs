using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>Objects that pods refer to. Answers come from caches that watches keep current.</summary>
public interface IObjectReader
{
    /// <summary>Null when it does not exist.</summary>
    Task<V1ConfigMap?> GetConfigMapAsync(string objectNamespace, string name, CancellationToken cancellationToken);

    Task<V1Secret?> GetSecretAsync(string objectNamespace, string name, CancellationToken cancellationToken);

    /// <summary>The claim as it is now, not as a cache has it.</summary>
    Task<V1PersistentVolumeClaim?> GetClaimAsync(
        string objectNamespace, string name, CancellationToken cancellationToken);

    /// <summary>The volume as it is now.</summary>
    Task<V1PersistentVolume?> GetVolumeAsync(string name, CancellationToken cancellationToken);

    /// <summary>The class as it is now.</summary>
    Task<V1RuntimeClass?> GetRuntimeClassAsync(string name, CancellationToken cancellationToken);

    /// <summary>The claim of devices as it is now.</summary>
    Task<Resourcev1ResourceClaim?> GetResourceClaimAsync(
        string objectNamespace, string name, CancellationToken cancellationToken);

    /// <summary>Services of all namespaces.</summary>
    Task<IReadOnlyList<V1Service>> ListServicesAsync(CancellationToken cancellationToken);
}

/// <summary>What the agent writes to the API. A test's fake is a few dictionaries.</summary>
public interface IClusterApi
{
    /// <summary>Patches the status (strategic merge); null when this very pod, by uid, no longer exists.</summary>
    Task<V1Pod?> PatchPodStatusAsync(V1Pod pod, string patch, CancellationToken cancellationToken);

    /// <summary>Removes the object at once, if it still is this very pod.</summary>
    Task DeletePodAsync(V1Pod pod, CancellationToken cancellationToken);

    Task<Authenticationv1TokenRequest> CreateTokenAsync(
        string serviceAccountNamespace,
        string serviceAccount,
        Authenticationv1TokenRequest request,
        CancellationToken cancellationToken);

    Task CreateEventAsync(Corev1Event recorded, CancellationToken cancellationToken);

    /// <summary>Counts up an event that is there already; false when it is gone.</summary>
    Task<bool> UpdateEventAsync(Corev1Event recorded, CancellationToken cancellationToken);

    Task<V1Node?> GetNodeAsync(string name, CancellationToken cancellationToken);

    Task<V1Node> CreateNodeAsync(V1Node node, CancellationToken cancellationToken);

    Task<V1Node> PatchNodeAsync(string name, string patch, bool status, CancellationToken cancellationToken);

    Task<V1Lease?> GetLeaseAsync(string name, CancellationToken cancellationToken);

    /// <summary>Creates it when it has no resourceVersion, else replaces it.</summary>
    Task<V1Lease> WriteLeaseAsync(V1Lease lease, CancellationToken cancellationToken);
}

/// <summary>How a pod arrived: what the worker must know about its object.</summary>
public enum PodChange
{
    Set,
    Removed,
}

/// <summary>Pods bound to this node, as a stream: all that exist, then changes.</summary>
public interface IPodSource
{
    /// <summary>Called for each change, one at a time; who subscribes is first told what is known already.</summary>
    event Action<PodChange, V1Pod>? Changed;

    /// <summary>
    /// Completes when every pod of the first list was told: an unknown running pod is an orphan from then on.
    /// </summary>
    Task Synced { get; }
}
