using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Which objects belong to a node, by what its pods refer to. Upstream follows pods into a graph; here the pods of a
/// node are an index look-up in the cache that this silo follows anyway, and the question is asked of them. A cache
/// that cannot be read throws: no answer is never yes.
/// </summary>
/// <remarks>No node has ResourceSlices yet: none of its drivers makes any.</remarks>
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

        return wanted.Resource == "persistentvolumes"
            ? await ClaimAsync(wanted, cancellationToken) is { } claim
                && await UsesAsync(node, claim, cancellationToken)
            : await UsesAsync(node, wanted, cancellationToken);
    }

    /// <summary>
    /// The claim that a volume says it is bound to, which only who may write volumes can say; what a claim says of
    /// itself counts for nothing.
    /// </summary>
    private async ValueTask<AuthorizationAttributes?> ClaimAsync(
        AuthorizationAttributes volume, CancellationToken cancellationToken)
    {
        var found = await FindAsync(WellKnown.PersistentVolumes, volume.Name, cancellationToken);
        return found?.As<V1PersistentVolume>().Spec.ClaimRef is { } claim
            ? volume with
            {
                Resource = WellKnown.PersistentVolumeClaims.Plural, Namespace = claim.NamespaceProperty ?? "",
                Name = claim.Name ?? "",
            }
            : null;
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
