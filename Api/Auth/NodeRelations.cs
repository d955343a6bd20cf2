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
    private const string ClaimField = "spec.claimRef.name";

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

    /// <summary>
    /// True when a volume that one of the node's pods mounts needs a Secret to be mounted: one that says that it is
    /// bound to a claim of the pod.
    /// </summary>
    private async ValueTask<bool> MountsWithAsync(
        string node, AuthorizationAttributes secret, CancellationToken cancellationToken)
    {
        var pods = await ConsistentAsync(WellKnown.Pods, cancellationToken);
        var volumes = await ConsistentAsync(WellKnown.PersistentVolumes, cancellationToken);
        var key = new ObjectKey(secret.Namespace, secret.Name);
        return pods.WithField(NodeField, node)
            .SelectMany(p => PodReferences.ClaimsOf(p.As<V1Pod>())
                .SelectMany(claim => volumes.WithField(ClaimField, claim))
                .Select(static v => v.As<V1PersistentVolume>())
                .Where(v => v.Spec.ClaimRef.NamespaceProperty == p.Key.Namespace))
            .Any(v => PersistentVolumeSecrets.OfNodes(v).Contains(key));
    }

    private async ValueTask<ResourceObject?> FindAsync(
        ResourceName resource, string name, CancellationToken cancellationToken) =>
        (await ConsistentAsync(resource, cancellationToken)).Get(new ObjectKey("", name));

    private async ValueTask<CacheSnapshot> ConsistentAsync(
        ResourceName resource, CancellationToken cancellationToken) =>
        await (await caches.GetAsync(resource, cancellationToken)).ConsistentAsync(cancellationToken);

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
