using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Users and groups that the API itself knows.</summary>
public static class SystemNames
{
    public const string Anonymous = "system:anonymous";

    /// <summary>Prefix of a node's user name.</summary>
    public const string NodePrefix = "system:node:";

    /// <summary>May do everything.</summary>
    public const string Masters = "system:masters";

    public const string Nodes = "system:nodes";

    public const string Authenticated = "system:authenticated";

    public const string Unauthenticated = "system:unauthenticated";

    public const string ServiceAccounts = "system:serviceaccounts";

    /// <summary>
    /// What a node's Service proxy, routes, DNS and network policies need beyond the node itself (upstream's
    /// kube-proxy, CoreDNS and network plugins have users of their own for it): reading all Services, EndpointSlices,
    /// Nodes, Namespaces, Pods and NetworkPolicies. Nodes' certificates carry it.
    /// </summary>
    public const string NodeNetwork = "orc:node-network";

    /// <summary>
    /// The API as the nodes' client. Nodes admit this group and no other; the API admits it to nothing, so that a Node
    /// whose address leads back to the API gains nothing by the API's own certificate.
    /// </summary>
    public const string KubeletClients = "orc:kubelet-clients";

    /// <summary>What the extra of a pod's token says of its node.</summary>
    public const string NodeNameKey = "authentication.kubernetes.io/node-name";

    private const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>The groups of a service account, without <see cref="Authenticated"/>.</summary>
    public static string[] GroupsOfServiceAccount(string inNamespace) =>
        [ServiceAccounts, $"{ServiceAccounts}:{inNamespace}"];

    /// <summary>The node of the pod to which a service account's token belongs; null when there is none.</summary>
    public static string? NodeOfServiceAccount(UserIdentity user) =>
        SplitServiceAccount(user.Name) is not null
        && user.Extra.TryGetValue(NodeNameKey, out var names)
        && names is [var node]
            ? node
            : null;

    /// <summary>The user name of a service account.</summary>
    public static string ServiceAccountUser(string inNamespace, string name) =>
        $"{ServiceAccountPrefix}{inNamespace}:{name}";

    /// <summary>Takes a service account's user name apart; null when it is none.</summary>
    public static (string Namespace, string Name)? SplitServiceAccount(string user)
    {
        if (!user.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal))
        {
            return null;
        }

        return user[ServiceAccountPrefix.Length..].Split(':') is [var space, var name]
            && NameChecks.IsDnsLabel(space) && NameChecks.IsDnsSubdomain(name)
            ? (space, name)
            : null;
    }
}
