using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>Objects that pods refer to. Answers come from caches that watches keep current.</summary>
public interface IObjectReader
{
    /// <summary>Null when it does not exist.</summary>
    Task<V1ConfigMap?> GetConfigMapAsync(string objectNamespace, string name, CancellationToken cancellationToken);

    Task<V1Secret?> GetSecretAsync(string objectNamespace, string name, CancellationToken cancellationToken);

    /// <summary>The account as it is now: nodes may not watch these.</summary>
    Task<V1ServiceAccount?> GetServiceAccountAsync(
        string objectNamespace, string name, CancellationToken cancellationToken);

    /// <summary>The claim as it is now, not as a cache has it.</summary>
    Task<V1PersistentVolumeClaim?> GetClaimAsync(
        string objectNamespace, string name, CancellationToken cancellationToken);

    /// <summary>The volume as it is now.</summary>
    Task<V1PersistentVolume?> GetVolumeAsync(string name, CancellationToken cancellationToken);

    /// <summary>A Secret that a volume is mounted with, as it is now; it is not followed.</summary>
    Task<V1Secret?> ReadSecretAsync(string objectNamespace, string name, CancellationToken cancellationToken);

    /// <summary>What the cluster says of a driver, as it is now.</summary>
    Task<V1CSIDriver?> GetCsiDriverAsync(string name, CancellationToken cancellationToken);

    /// <summary>The attachment as it is now: nodes may not watch these.</summary>
    Task<V1VolumeAttachment?> GetVolumeAttachmentAsync(string name, CancellationToken cancellationToken);

    /// <summary>The class as it is now.</summary>
    Task<V1RuntimeClass?> GetRuntimeClassAsync(string name, CancellationToken cancellationToken);

    /// <summary>The claim of devices as it is now.</summary>
    Task<Resourcev1ResourceClaim?> GetResourceClaimAsync(
        string objectNamespace, string name, CancellationToken cancellationToken);

    /// <summary>Services of all namespaces.</summary>
    Task<IReadOnlyList<V1Service>> ListServicesAsync(CancellationToken cancellationToken);

    /// <summary>Those that are known already, for who does not wait for an API that may not be there.</summary>
    IReadOnlyList<V1Service> KnownServices { get; }
}

/// <summary>What the agent writes to the API. A test's fake is a few dictionaries.</summary>
public interface IClusterApi
{
    /// <summary>Patches the status (strategic merge); null when this very pod, by uid, no longer exists.</summary>
    Task<V1Pod?> PatchPodStatusAsync(V1Pod pod, string patch, CancellationToken cancellationToken);

    /// <summary>Makes a pod; fails when there is one of that name.</summary>
    Task<V1Pod> CreatePodAsync(V1Pod pod, CancellationToken cancellationToken);

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

    /// <summary>Patches the status (strategic merge).</summary>
    Task PatchClaimStatusAsync(
        string objectNamespace, string name, string patch, CancellationToken cancellationToken);

    Task<V1CSINode?> GetCsiNodeAsync(string name, CancellationToken cancellationToken);

    Task CreateCsiNodeAsync(V1CSINode node, CancellationToken cancellationToken);

    /// <summary>Patches it (strategic merge).</summary>
    Task PatchCsiNodeAsync(string name, string patch, CancellationToken cancellationToken);

    /// <summary>Deletes what is published of a node's devices, by that driver; by any when it is empty.</summary>
    Task DeleteResourceSlicesAsync(string node, string driver, CancellationToken cancellationToken);

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
