using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// What a node may do, as upstream's Node authorizer has it: read what its own pods refer to, read its own pods, and
/// write its own Node, Lease, pods' status and events. Which object a write may touch is, where the request does not
/// say it, for the admission plugin NodeRestriction. Words are upstream's; nothing is ever allowed because something
/// could not be read.
/// </summary>
public sealed class NodeAuthorizer(NodeRelations relations) : IAuthorizer, IRuleSource
{
    private const string WholeObjects = "get, create, update, patch, or delete";

    /// <inheritdoc/>
    public ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken) =>
        NodeIdentity.NodeOf(attributes.User) switch
        {
            null => new(AuthorizationDecision.NoOpinion()),
            "" => No($"unknown node for user {GoText.Quote(attributes.User.Name)}"),
            var node when attributes.IsResourceRequest => AuthorizeAsync(node, attributes, cancellationToken),
            _ => new(AuthorizationDecision.NoOpinion()),
        };

    /// <summary>What a node may read depends on its pods, and is not listed.</summary>
    public ValueTask<AllowedRules> RulesForAsync(
        UserIdentity user, string space, CancellationToken cancellationToken) =>
        new(NodeIdentity.NodeOf(user) is null
            ? new AllowedRules([], [])
            : AllowedRules.Unknown("node authorizer does not support user rule resolution"));

    private ValueTask<AuthorizationDecision> AuthorizeAsync(
        string node, AuthorizationAttributes wanted, CancellationToken cancellationToken) =>
        (wanted.Group, wanted.Resource) switch
        {
            ("", "secrets" or "configmaps") => ReadObjectAsync(node, wanted, cancellationToken),
            ("", "persistentvolumeclaims") when wanted.Subresource == "status" =>
                wanted.Verb is "update" or "patch"
                    ? RelatedAsync(node, wanted, cancellationToken)
                    : No("can only get/update/patch this type"),
            ("", "persistentvolumeclaims" or "persistentvolumes")
                or ("resource.k8s.io", "resourceclaims")
                or ("storage.k8s.io", "volumeattachments") => GetObjectAsync(node, wanted, cancellationToken),
            ("", "serviceaccounts") => ServiceAccountAsync(node, wanted, cancellationToken),
            ("coordination.k8s.io", "leases") => Lease(node, wanted),
            ("storage.k8s.io", "csinodes") => CsiNode(node, wanted),
            ("resource.k8s.io", "resourceslices") => ResourceSliceAsync(node, wanted, cancellationToken),
            ("", "nodes") => Node(node, wanted),
            ("", "pods") => PodAsync(node, wanted, cancellationToken),
            (LogResources.Group, LogResources.Nodes) => Logs(node, wanted),
            _ => new(IsForAllNodes(wanted) ? AuthorizationDecision.Allow : AuthorizationDecision.NoOpinion()),
        };

    private ValueTask<AuthorizationDecision> ReadObjectAsync(
        string node, AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        if (!wanted.IsReadOnly)
        {
            return No("can only read resources of this type");
        }

        if (wanted.Subresource.Length > 0)
        {
            return No("cannot read subresource");
        }

        return wanted.Namespace.Length == 0
            ? No("can only read namespaced object of this type")
            : RelatedAsync(node, wanted, cancellationToken);
    }

    private ValueTask<AuthorizationDecision> GetObjectAsync(
        string node, AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        if (wanted.Verb != "get")
        {
            return No("can only get individual resources of this type");
        }

        return wanted.Subresource.Length > 0
            ? No("cannot get subresource")
            : RelatedAsync(node, wanted, cancellationToken);
    }

    private ValueTask<AuthorizationDecision> ServiceAccountAsync(
        string node, AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        if (wanted is { Verb: "get", Subresource: "" })
        {
            return ReadObjectAsync(node, wanted, cancellationToken);
        }

        if (wanted.Verb != "create" || wanted.Name.Length == 0)
        {
            return No("can only create tokens for individual service accounts");
        }

        return wanted.Subresource != "token"
            ? No("can only create token subresource of serviceaccount")
            : RelatedAsync(node, wanted, cancellationToken);
    }

    private async ValueTask<AuthorizationDecision> RelatedAsync(
        string node, AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        if (wanted.Name.Length == 0)
        {
            return AuthorizationDecision.NoOpinion("No Object name found");
        }

        return await relations.ExistsAsync(node, wanted, cancellationToken)
            ? AuthorizationDecision.Allow
            : AuthorizationDecision.NoOpinion($"no relationship found between node '{node}' and this object");
    }

    // A create does not name its object: NodeRestriction does that check for the kinds below.
    private static ValueTask<AuthorizationDecision> Lease(string node, AuthorizationAttributes wanted)
    {
        if (wanted.Verb is not ("get" or "create" or "update" or "patch" or "delete"))
        {
            return No($"can only {WholeObjects} a node lease");
        }

        if (wanted.Namespace != WellKnown.NodeLeaseNamespace)
        {
            return No($"can only access leases in the {GoText.Quote(WellKnown.NodeLeaseNamespace)} system namespace");
        }

        return wanted.Verb != "create" && wanted.Name != node
            ? No("can only access node lease with the same name as the requesting node")
            : Yes();
    }

    private static ValueTask<AuthorizationDecision> CsiNode(string node, AuthorizationAttributes wanted)
    {
        if (wanted.Verb is not ("get" or "create" or "update" or "patch" or "delete"))
        {
            return No($"can only {WholeObjects} a CSINode");
        }

        if (wanted.Subresource.Length > 0)
        {
            return No("cannot authorize CSINode subresources");
        }

        return wanted.Verb != "create" && wanted.Name != node
            ? No("can only access CSINode with the same name as the requesting node")
            : Yes();
    }

    private ValueTask<AuthorizationDecision> ResourceSliceAsync(
        string node, AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        if (wanted.Subresource.Length > 0)
        {
            return No("cannot authorize ResourceSlice subresources");
        }

        return wanted.Verb switch
        {
            "create" => Yes(),
            "get" or "update" or "patch" or "delete" => RelatedAsync(node, wanted, cancellationToken),
            "watch" or "list" or "deletecollection" => wanted.DemandsField("spec.nodeName", node)
                ? Yes()
                : No("can only list/watch/deletecollection resourceslices with nodeName field selector"),
            _ => No(
                "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, " +
                "deletecollection"),
        };
    }

    private static ValueTask<AuthorizationDecision> Node(string node, AuthorizationAttributes wanted) =>
        (wanted.Subresource, wanted.Verb) switch
        {
            ("", "create" or "update" or "patch") or ("status", "update" or "patch") => Yes(),
            ("", "get" or "list" or "watch") when wanted.Name == node => Yes(),
            ("", "get" or "list" or "watch") => No(wanted.Name.Length == 0
                ? $"node '{node}' cannot read all nodes, only its own Node object"
                : $"node '{node}' cannot read '{wanted.Name}', only its own Node object"),
            _ => new(AuthorizationDecision.NoOpinion()),
        };

    private ValueTask<AuthorizationDecision> PodAsync(
        string node, AuthorizationAttributes wanted, CancellationToken cancellationToken) =>
        (wanted.Subresource, wanted.Verb) switch
        {
            ("", "get") => RelatedAsync(node, wanted, cancellationToken),
            ("", "list" or "watch") when wanted.DemandsField("spec.nodeName", node) => Yes(),
            ("", "list" or "watch") => wanted.Name.Length > 0
                ? RelatedAsync(node, wanted, cancellationToken)
                : No("can only list/watch pods with spec.nodeName field selector"),
            ("", "create" or "delete") or ("status", "update" or "patch") or ("eviction", "create") => Yes(),
            _ => new(AuthorizationDecision.NoOpinion()),
        };

    // Whose pod a stream is, the handler checks before it takes the first line.
    private static ValueTask<AuthorizationDecision> Logs(string node, AuthorizationAttributes wanted) =>
        wanted is { Verb: "create", Subresource: LogResources.Streams or LogResources.Segments } && wanted.Name == node
            ? Yes()
            : No($"node '{node}' can only send its own logs");

    // Upstream's NodeRules, without what is decided above.
    private static bool IsForAllNodes(AuthorizationAttributes wanted) =>
        (wanted.Group, wanted.Resource, wanted.Subresource) switch
    {
        ("", "services", "")
            or ("storage.k8s.io", "csidrivers", "")
            or ("node.k8s.io", "runtimeclasses", "") => wanted.IsReadOnly,
        ("", "events", "") or ("events.k8s.io", "events", "") => wanted.Verb is "create" or "update" or "patch",
        ("authentication.k8s.io", "tokenreviews", "")
            or ("authorization.k8s.io", "subjectaccessreviews" or "localsubjectaccessreviews", "") =>
                wanted.Verb == "create",
        ("certificates.k8s.io", "certificatesigningrequests", "") => wanted.IsReadOnly || wanted.Verb == "create",
        _ => false,
    };

    private static ValueTask<AuthorizationDecision> Yes() => new(AuthorizationDecision.Allow);

    private static ValueTask<AuthorizationDecision> No(string reason) => new(AuthorizationDecision.NoOpinion(reason));
}
