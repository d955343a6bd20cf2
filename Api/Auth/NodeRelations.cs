using System.Text;
using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Which objects belong to a node, by what its pods refer to. Upstream follows pods into a graph; here the pods of a
/// node are an index look-up in the cache that this silo follows anyway, and the question is asked of them. A cache
/// that cannot be read throws: no answer is never yes.
/// </summary>
public sealed class NodeRelations(ResourceCaches caches)
{
    private const string NodeField = "spec.nodeName";

    /// <summary>
    /// True when the object that is wanted is one of the node's pods, or something that one of them uses.
    /// </summary>
    public async ValueTask<bool> ExistsAsync(
        string node, AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        if (wanted.Resource == "volumeattachments")
        {
            var attachment = await FindAsync(WellKnown.VolumeAttachments, wanted.Name, cancellationToken);
            return attachment?.As<V1VolumeAttachment>().Spec.NodeName == node;
        }

        if (wanted.Resource == "resourceslices")
        {
            var slice = await FindAsync(WellKnown.ResourceSlices, wanted.Name, cancellationToken);
            return slice?.As<V1ResourceSlice>().Spec.NodeName == node;
        }

        if (wanted.Resource == "persistentvolumes")
        {
            return await FindAsync(WellKnown.PersistentVolumes, wanted.Name, cancellationToken) is { } volume
                && await MountsAsync(node, volume, wanted, cancellationToken);
        }

        return await UsesAsync(node, wanted, cancellationToken)
            || (wanted.Resource == "secrets" && await MountsWithAsync(node, wanted, cancellationToken));
    }

    /// <summary>
    /// True when a pod of the node has a claim to which a volume says that it is bound, which only who may write
    /// volumes can say; what a claim says of itself counts for nothing.
    /// </summary>
    private async ValueTask<bool> MountsAsync(
        string node, ResourceObject volume, AuthorizationAttributes wanted, CancellationToken cancellationToken) =>
        volume.As<V1PersistentVolume>().Spec.ClaimRef is { } claim
        && await UsesAsync(
            node,
            wanted with
            {
                Resource = WellKnown.PersistentVolumeClaims.Plural, Namespace = claim.NamespaceProperty ?? "",
                Name = claim.Name ?? "",
            },
            cancellationToken);

    /// <summary>True when one of the node's volumes needs a Secret to be mounted.</summary>
    private async ValueTask<bool> MountsWithAsync(
        string node, AuthorizationAttributes secret, CancellationToken cancellationToken)
    {
        var cache = await caches.GetAsync(WellKnown.PersistentVolumes, cancellationToken);
        var volumes = await cache.ConsistentAsync(cancellationToken);
        var (key, name) = (new ObjectKey(secret.Namespace, secret.Name), Encoding.UTF8.GetBytes(secret.Name));

        // Few volumes have any, and the bytes tell which cannot.
        foreach (var volume in volumes.Range("").Where(v => v.Json.Span.IndexOf(name) >= 0))
        {
            if (PersistentVolumeSecrets.OfNodes(volume.As<V1PersistentVolume>()).Contains(key)
                && await MountsAsync(node, volume, secret, cancellationToken))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<ResourceObject?> FindAsync(
        ResourceName resource, string name, CancellationToken cancellationToken) =>
        (await (await caches.GetAsync(resource, cancellationToken)).ConsistentAsync(cancellationToken))
            .Get(new ObjectKey("", name));

    private async ValueTask<bool> UsesAsync(
        string node, AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        var cache = await caches.GetAsync(WellKnown.Pods, cancellationToken);

        // The node may have learnt of a pod from a silo that is ahead of this one.
        return Exists(cache.Current, node, wanted)
            || Exists(await cache.ConsistentAsync(cancellationToken), node, wanted);
    }

    private static bool Exists(CacheSnapshot pods, string node, AuthorizationAttributes wanted) =>
        wanted.Resource == "pods"
            ? pods.Get(new ObjectKey(wanted.Namespace, wanted.Name))?.As<V1Pod>().Spec.NodeName == node
            : pods.WithField(NodeField, node).Any(p =>
                p.Key.Namespace == wanted.Namespace && PodReferences.Has(p.As<V1Pod>(), wanted.Resource, wanted.Name));
}
