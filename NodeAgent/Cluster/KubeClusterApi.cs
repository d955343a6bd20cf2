using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>The API over KubernetesClient. A missing object is null, everything else that fails throws.</summary>
public sealed class KubeClusterApi(IKubernetes client) : IClusterApi
{
    private const string LeaseNamespace = "kube-node-lease";

    public async Task<V1Pod?> PatchPodStatusAsync(V1Pod pod, string patch, CancellationToken cancellationToken)
    {
        var meta = pod.Metadata;
        try
        {
            return await client.CoreV1.PatchNamespacedPodStatusAsync(
                Strategic(patch), meta.Name, meta.NamespaceProperty, cancellationToken: cancellationToken);
        }
        catch (HttpOperationException exception) when (exception.Response?.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (HttpOperationException exception) when (exception.Response?.StatusCode == HttpStatusCode.Conflict)
        {
            if (await ReadUidAsync(meta, cancellationToken) != meta.Uid)
            {
                return null; // another pod has taken the name
            }

            throw;
        }
    }

    // Whoever has taken the name on another node is not to be read from here.
    private async Task<string?> ReadUidAsync(V1ObjectMeta meta, CancellationToken cancellationToken)
    {
        try
        {
            var pod = await OrNullAsync(client.CoreV1.ReadNamespacedPodAsync(
                meta.Name, meta.NamespaceProperty, cancellationToken: cancellationToken));
            return pod?.Metadata.Uid;
        }
        catch (HttpOperationException exception) when (exception.Response?.StatusCode == HttpStatusCode.Forbidden)
        {
            return null;
        }
    }

    public Task<V1Pod> CreatePodAsync(V1Pod pod, CancellationToken cancellationToken) =>
        client.CoreV1.CreateNamespacedPodAsync(
            pod, pod.Metadata.NamespaceProperty, cancellationToken: cancellationToken);

    public async Task DeletePodAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var options = new V1DeleteOptions
        {
            GracePeriodSeconds = 0,
            Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid },
        };
        try
        {
            await client.CoreV1.DeleteNamespacedPodAsync(
                pod.Metadata.Name, pod.Metadata.NamespaceProperty, options, cancellationToken: cancellationToken);
        }
        catch (HttpOperationException exception)
            when (exception.Response?.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            // gone already, or the name belongs to another pod: both mean that ours is gone
        }
    }

    public Task<Authenticationv1TokenRequest> CreateTokenAsync(
        string serviceAccountNamespace,
        string serviceAccount,
        Authenticationv1TokenRequest request,
        CancellationToken cancellationToken) =>
        client.CoreV1.CreateNamespacedServiceAccountTokenAsync(
            request, serviceAccount, serviceAccountNamespace, cancellationToken: cancellationToken);

    public Task CreateEventAsync(Corev1Event recorded, CancellationToken cancellationToken) =>
        client.CoreV1.CreateNamespacedEventAsync(
            recorded, recorded.Metadata.NamespaceProperty, cancellationToken: cancellationToken);

    public async Task<bool> UpdateEventAsync(Corev1Event recorded, CancellationToken cancellationToken)
    {
        var patch = KubernetesJson.Serialize(new
        {
            count = recorded.Count,
            lastTimestamp = recorded.LastTimestamp,
            message = recorded.Message,
        });
        var updated = await OrNullAsync(client.CoreV1.PatchNamespacedEventAsync(
            Strategic(patch), recorded.Metadata.Name, recorded.Metadata.NamespaceProperty,
            cancellationToken: cancellationToken));
        return updated is not null;
    }

    public Task<V1Node?> GetNodeAsync(string name, CancellationToken cancellationToken) =>
        OrNullAsync(client.CoreV1.ReadNodeAsync(name, cancellationToken: cancellationToken));

    public Task<V1Node> CreateNodeAsync(V1Node node, CancellationToken cancellationToken) =>
        client.CoreV1.CreateNodeAsync(node, cancellationToken: cancellationToken);

    public Task<V1Node> PatchNodeAsync(string name, string patch, bool status, CancellationToken cancellationToken) =>
        status
            ? client.CoreV1.PatchNodeStatusAsync(Strategic(patch), name, cancellationToken: cancellationToken)
            : client.CoreV1.PatchNodeAsync(Strategic(patch), name, cancellationToken: cancellationToken);

    public Task PatchClaimStatusAsync(
        string objectNamespace, string name, string patch, CancellationToken cancellationToken) =>
        client.CoreV1.PatchNamespacedPersistentVolumeClaimStatusAsync(
            Strategic(patch), name, objectNamespace, cancellationToken: cancellationToken);

    public Task<V1CSINode?> GetCsiNodeAsync(string name, CancellationToken cancellationToken) =>
        OrNullAsync(client.StorageV1.ReadCSINodeAsync(name, cancellationToken: cancellationToken));

    public Task CreateCsiNodeAsync(V1CSINode node, CancellationToken cancellationToken) =>
        client.StorageV1.CreateCSINodeAsync(node, cancellationToken: cancellationToken);

    public Task PatchCsiNodeAsync(string name, string patch, CancellationToken cancellationToken) =>
        client.StorageV1.PatchCSINodeAsync(Strategic(patch), name, cancellationToken: cancellationToken);

    public Task DeleteResourceSlicesAsync(string node, string driver, CancellationToken cancellationToken) =>
        OrNullAsync(client.ResourceV1.DeleteCollectionResourceSliceAsync(
            fieldSelector: $"spec.nodeName={node}" + (driver.Length > 0 ? $",spec.driver={driver}" : ""),
            cancellationToken: cancellationToken));

    public Task<V1Lease?> GetLeaseAsync(string name, CancellationToken cancellationToken) =>
        OrNullAsync(client.CoordinationV1.ReadNamespacedLeaseAsync(
            name, LeaseNamespace, cancellationToken: cancellationToken));

    public Task<V1Lease> WriteLeaseAsync(V1Lease lease, CancellationToken cancellationToken) =>
        lease.Metadata.ResourceVersion is null
            ? client.CoordinationV1.CreateNamespacedLeaseAsync(
                lease, LeaseNamespace, cancellationToken: cancellationToken)
            : client.CoordinationV1.ReplaceNamespacedLeaseAsync(
                lease, lease.Metadata.Name, LeaseNamespace, cancellationToken: cancellationToken);

    private static V1Patch Strategic(string patch) => new(patch, V1Patch.PatchType.StrategicMergePatch);

    /// <summary>What a read brings; null when there is no such object.</summary>
    internal static async Task<T?> OrNullAsync<T>(Task<T> request)
        where T : class
    {
        try
        {
            return await request;
        }
        catch (HttpOperationException exception) when (exception.Response?.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }
}
