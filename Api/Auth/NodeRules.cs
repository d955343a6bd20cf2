using k8s.Models;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// What a node may do: read what its pods need, and write its own Node, Lease, pods' status and events. Upstream's Node
/// authorizer keeps a graph; here the pods of a node are an index look-up in the cache, so the question is asked of the
/// pods themselves.
/// </summary>
public sealed class NodeRules(IResourceClient client)
{
    private const string LeaseNamespace = "kube-node-lease";

    /// <summary>Decides for the node of the given name.</summary>
    public async ValueTask<AuthorizationDecision> AuthorizeAsync(
        string node, RequestInfo request, CancellationToken cancellationToken)
    {
        var allowed = (request.Group, request.Resource) switch
        {
            ("", "nodes") => MayUseNodes(node, request),
            ("", "pods") => await MayUsePodsAsync(node, request, cancellationToken),
            ("", "services" or "namespaces" or "endpoints") or ("discovery.k8s.io", "endpointslices") =>
                request.IsReadOnly,
            ("", "events") or ("events.k8s.io", "events") => request.Verb is "create" or "patch" or "update",
            ("coordination.k8s.io", "leases") => MayUseLease(node, request),
            _ => false,
        };
        if (allowed)
        {
            return AuthorizationDecision.Allow;
        }

        if (request.Resource is "configmaps" or "secrets" or "serviceaccounts" && request.Group.Length == 0)
        {
            return await MayUseReferencedAsync(node, request, cancellationToken);
        }

        return AuthorizationDecision.NoOpinion;
    }

    private static bool MayUseNodes(string node, RequestInfo request) => request.Verb switch
    {
        "create" or "list" or "watch" or "get" => request.Subresource is "" or "status",
        "update" or "patch" => request.Name == node && request.Subresource is ("" or "status"),
        _ => false,
    };

    private static bool MayUseLease(string node, RequestInfo request) =>
        request.Namespace == LeaseNamespace &&
        (request.Verb == "create" || (request.Name == node && request.Verb is ("get" or "update" or "patch" or "delete")));

    private async ValueTask<bool> MayUsePodsAsync(string node, RequestInfo request, CancellationToken cancellationToken)
    {
        if (request.Subresource is not ("" or "status" or "eviction"))
        {
            return false;
        }

        return request.Verb switch
        {
            "get" or "list" or "watch" => true,
            "update" or "patch" =>
                request.Subresource == "status" && await IsOwnPodAsync(node, request.Key, cancellationToken),
            "delete" => await IsOwnPodAsync(node, request.Key, cancellationToken),
            "create" => request.Subresource is "" or "eviction",
            _ => false,
        };
    }

    private async ValueTask<bool> IsOwnPodAsync(string node, ObjectKey key, CancellationToken cancellationToken)
    {
        var pod = await client.GetAsync(WellKnown.Pods, key, ReadFreshness.Cached, cancellationToken);

        // A pod that is gone is nobody's: let the request through to its 404.
        return !pod.Succeeded || pod.Value.As<V1Pod>().Spec.NodeName == node;
    }

    private async ValueTask<AuthorizationDecision> MayUseReferencedAsync(
        string node, RequestInfo request, CancellationToken cancellationToken)
    {
        var verbFits = request.Resource == "serviceaccounts"
            ? request.Verb == "get" || (request.Verb == "create" && request.Subresource == "token")
            : request.IsReadOnly && request.Subresource.Length == 0;
        if (!verbFits)
        {
            return new(false, "");
        }

        if (request.Name.Length == 0)
        {
            return new(false, "No Object name found");
        }

        foreach (var freshness in (ReadFreshness[])[ReadFreshness.Cached, ReadFreshness.Linearizable])
        {
            var pods = await client.ListAsync(
                new ListQuery
                {
                    Resource = WellKnown.Pods,
                    Namespace = request.Namespace,
                    FieldSelector = $"spec.nodeName={node}",
                    Freshness = freshness,
                },
                cancellationToken);
            if (pods.Items.Any(p => PodReferences.Has(p.As<V1Pod>(), request.Resource, request.Name)))
            {
                return AuthorizationDecision.Allow;
            }
        }

        return new(false, $"no relationship found between node '{node}' and this object");
    }
}
