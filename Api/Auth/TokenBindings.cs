using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>An object that a token is bound to: the token dies with it.</summary>
/// <param name="Kind">Pod, Secret or Node.</param>
public sealed record BoundObject(string Kind, string Name, string Uid);

/// <summary>What a token is bound to.</summary>
/// <param name="Object">The object that was asked for; null for none.</param>
/// <param name="Node">The node of a pod; without uid when there is no such Node.</param>
public sealed record TokenBinding(BoundObject? Object, BoundObject? Node);

/// <summary>Finds the objects that tokens are to be bound to.</summary>
public sealed class TokenBindings(IResourceClient client)
{
    /// <summary>
    /// The object that a request refers to, which must exist, and be of the service account if it is a pod.
    /// </summary>
    public async ValueTask<Outcome<TokenBinding>> FindAsync(
        V1BoundObjectReference? reference, ObjectKey account, CancellationToken cancellationToken)
    {
        if (reference is null)
        {
            return new TokenBinding(null, null);
        }

        var (group, version) = ApiVersions.Split(reference.ApiVersion ?? "");
        var resource = (group, reference.Kind) switch
        {
            ("", "Pod") => WellKnown.Pods,
            ("", "Secret") => WellKnown.Secrets,
            ("", "Node") => WellKnown.Nodes,
            _ => default(ResourceName?),
        };
        if (resource is not { } found)
        {
            return StatusErrors.BadRequest(
                $"cannot bind token to object of type {group}/{version}, Kind={reference.Kind}");
        }

        var key = new ObjectKey(found == WellKnown.Nodes ? "" : account.Namespace, reference.Name ?? "");
        var item = await client.GetAsync(found, key, ReadFreshness.Linearizable, cancellationToken);
        if (!item.Succeeded)
        {
            return item.Error;
        }

        if (found == WellKnown.Pods && item.Value.As<V1Pod>().Spec.ServiceAccountName != account.Name)
        {
            return StatusErrors.BadRequest(
                $"cannot bind token for serviceaccount {GoText.Quote(account.Name)} to pod running with different serviceaccount name.");
        }

        if (reference.Uid is { Length: > 0 } uid && uid != item.Value.Uid)
        {
            return StatusErrors.Conflict(
                new ResourceName("", reference.Kind),
                key.Name,
                $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted " +
                "and then recreated");
        }

        var bound = new BoundObject(reference.Kind, key.Name, item.Value.Uid);
        return new TokenBinding(
            bound, found == WellKnown.Pods ? await NodeOfAsync(item.Value.As<V1Pod>(), cancellationToken) : null);
    }

    private async ValueTask<BoundObject?> NodeOfAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            return null;
        }

        var key = new ObjectKey("", pod.Spec.NodeName);
        var node = await client.GetAsync(WellKnown.Nodes, key, ReadFreshness.Cached, cancellationToken);
        node = node.Succeeded
            ? node
            : await client.GetAsync(WellKnown.Nodes, key, ReadFreshness.Linearizable, cancellationToken);
        return new BoundObject("Node", key.Name, node.Succeeded ? node.Value.Uid : "");
    }
}
