using k8s.Models;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Which objects a node may write, where <see cref="NodeAuthorizer"/> cannot tell because the request does not say: its
/// own Node (with few labels), the status of its own pods, mirror pods bound to itself, evictions and tokens of its own
/// pods, its own Lease, CSINode, ResourceSlices and certificates, and of claims what it has mounted. Everybody else
/// passes.
/// </summary>
public sealed class NodeRestrictionPlugin(ObjectReader reader, AuthorizerChain authorizers) : IAdmissionPlugin
{
    private readonly PodAudiences _audiences = new(reader);

    public string Name => "NodeRestriction";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation != AdmissionOperation.Connect && NodeIdentity.NodeOf(attributes.User) is not null;

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var node = NodeIdentity.NodeOf(attributes.User)!;
        if (node.Length == 0)
        {
            return Refusal(attributes, $"could not determine node from user {GoText.Quote(attributes.User.Name)}");
        }

        var resource = attributes.Definition.Name;
        return resource == WellKnown.Pods ? await CheckPodAsync(node, attributes, cancellationToken)
            : resource == WellKnown.Nodes ? Refusal(attributes, NodeRestrictionRules.WhyNotNode(node, attributes))
            : resource == WellKnown.ServiceAccounts ? await CheckTokenAsync(node, attributes, cancellationToken)
            : resource == WellKnown.Leases ? Refusal(attributes, WhyNotLease(node, attributes))
            : Refusal(attributes, NodeRestrictionRules.WhyNotOther(node, attributes));
    }

    private ValueTask<Status?> CheckPodAsync(
        string node, AdmissionAttributes attributes, CancellationToken cancellationToken) =>
            attributes.Subresource switch
        {
            "" => attributes.Operation switch
            {
                AdmissionOperation.Create => CheckMirrorPodAsync(node, attributes, cancellationToken),
                AdmissionOperation.Delete => new(Refusal(
                    attributes,
                    IsOn(node, attributes.OldObject)
                        ? null
                        : $"node {GoText.Quote(node)} can only delete pods with spec.nodeName set to itself")),
                _ => new(Refusal(
                    attributes,
                    $"unexpected operation {GoText.Quote(attributes.Operation.Word())}, node {GoText.Quote(node)} can only create and " +
                    "delete mirror pods")),
            },
            "status" => new(Refusal(attributes, NodeRestrictionRules.WhyNotStatus(node, attributes))),
            "eviction" => CheckEvictionAsync(node, attributes, cancellationToken),
            _ => new(Refusal(
                attributes,
                $"unexpected pod subresource {GoText.Quote(attributes.Subresource)}, only 'status' and 'eviction' are allowed")),
        };

    private async ValueTask<Status?> CheckMirrorPodAsync(
        string node, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var pod = (V1Pod)attributes.Object!;
        if (!PodReferences.IsMirror(pod))
        {
            return Refusal(
                attributes,
                $"pod does not have {GoText.Quote(PodAnnotations.Mirror)} annotation, "
                    + $"node {GoText.Quote(node)} can only create mirror pods");
        }

        if (NodeRestrictionRules.WhyNotOwned(node, pod) is { } why)
        {
            return Refusal(attributes, why);
        }

        var own = await reader.GetAsync(
            WellKnown.Nodes, new ObjectKey("", node), ReadFreshness.Linearizable, cancellationToken);
        if (own is null)
        {
            return StatusErrors.NotFound(WellKnown.Nodes, node);
        }

        var uid = pod.Metadata.OwnerReferences[0].Uid;
        return Refusal(
            attributes,
            uid != own.Uid ? $"node {node} UID mismatch: expected {uid} got {own.Uid}"
            : PodReferences.FirstKind(pod) is { } kind
                ? $"node {GoText.Quote(node)} can not create pods that reference {kind}"
            : null);
    }

    private async ValueTask<Status?> CheckEvictionAsync(
        string node, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var pod = await FindPodAsync(attributes.Key, cancellationToken);
        return pod is null
            ? StatusErrors.NotFound(WellKnown.Pods, attributes.Key.Name)
            : Refusal(
                attributes,
                IsOn(node, pod) ? null : $"node {node} can only evict pods with spec.nodeName set to itself");
    }

    private async ValueTask<Status?> CheckTokenAsync(
        string node, AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (attributes is not { Operation: AdmissionOperation.Create, Subresource: "token" })
        {
            return null;
        }

        var request = (Authenticationv1TokenRequest)attributes.Object!;
        if (request.Spec.BoundObjectRef is not { ApiVersion: "v1", Kind: "Pod", Name.Length: > 0 } bound)
        {
            return Refusal(attributes, "node requested token not bound to a pod");
        }

        if (string.IsNullOrEmpty(bound.Uid))
        {
            return Refusal(attributes, "node requested token with a pod binding without a uid");
        }

        if (await FindPodAsync(new ObjectKey(attributes.Key.Namespace, bound.Name), cancellationToken) is not { } pod)
        {
            return StatusErrors.NotFound(WellKnown.Pods, bound.Name);
        }

        if (bound.Uid != pod.Metadata.Uid)
        {
            return Refusal(
                attributes,
                $"the UID in the bound object reference ({bound.Uid}) does not match the UID in record. The object might have been " +
                "deleted and then recreated");
        }

        return Refusal(attributes, IsOn(node, pod)
            ? await WhyNotAudienceAsync(attributes, request, pod, cancellationToken)
            : "node requested token bound to a pod scheduled on a different node");
    }

    // The audiences that pods' volumes ask for; any other needs a right.
    private async ValueTask<string?> WhyNotAudienceAsync(
        AdmissionAttributes attributes,
        Authenticationv1TokenRequest request,
        V1Pod pod,
        CancellationToken cancellationToken)
    {
        var audiences = request.Spec.Audiences ?? [];
        if (audiences.Count > 1)
        {
            return "node may only request 0 or 1 audiences";
        }

        var audience = audiences.FirstOrDefault() ?? "";
        if (await _audiences.HasAsync(pod, audience, cancellationToken))
        {
            return null;
        }

        var right = new AuthorizationAttributes
        {
            User = attributes.User, Verb = "request-serviceaccounts-token-audience", Version = "v1",
            Resource = audience,
            Namespace = attributes.Key.Namespace, Name = attributes.Key.Name,
        };
        return (await authorizers.AuthorizeAsync(right, cancellationToken)).IsAllowed
            ? null
            : $"audience {GoText.Quote(audience)} not found in pod spec volume, {attributes.User.Name} is not authorized to request " +
                "tokens for this audience";
    }

    private static string? WhyNotLease(string node, AdmissionAttributes attributes) =>
        attributes.Key.Namespace != WellKnown.NodeLeaseNamespace
            ? $"can only access leases in the {GoText.Quote(WellKnown.NodeLeaseNamespace)} system namespace"
            : attributes.Key.Name != node
                ? "can only access node lease with the same name as the requesting node"
                : null;

    private async ValueTask<V1Pod?> FindPodAsync(ObjectKey key, CancellationToken cancellationToken) =>
        (await reader.GetAsync(WellKnown.Pods, key, ReadFreshness.Linearizable, cancellationToken))?.As<V1Pod>();

    private static bool IsOn(string node, object? pod) => pod is V1Pod found && found.Spec.NodeName == node;

    private static Status? Refusal(AdmissionAttributes attributes, string? why) =>
        why is null ? null : AdmissionRefusals.Forbidden(attributes, why);
}
