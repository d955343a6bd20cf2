using k8s.Models;
using OrleansOrchestrator.Resources.Certificates;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// What <see cref="NodeRestrictionPlugin"/> can say by the objects alone; every answer is null or why not.
/// </summary>
internal static class NodeRestrictionRules
{
    private const string RestrictedNamespace = "node-restriction.kubernetes.io";

    private static readonly string[] KubernetesNamespaces = ["kubernetes.io", "k8s.io"];
    private static readonly string[] KubeletNamespaces = ["kubelet.kubernetes.io", "node.kubernetes.io"];

    /// <summary>Labels of Kubernetes' own that describe the machine.</summary>
    private static readonly HashSet<string> KubeletLabels = new(StringComparer.Ordinal)
    {
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region", "node.kubernetes.io/instance-type",
        "beta.kubernetes.io/instance-type", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
    };

    /// <summary>A write of a Node or its status.</summary>
    public static string? WhyNotNode(string node, AdmissionAttributes attributes)
    {
        if (attributes.Key.Name != node)
        {
            return $"node {GoText.Quote(node)} is not allowed to modify node {GoText.Quote(attributes.Key.Name)}";
        }

        return attributes.Operation switch
        {
            AdmissionOperation.Create => WhyNotCreated(node, (V1Node)attributes.Object!),
            AdmissionOperation.Update => WhyNotUpdated(node, (V1Node)attributes.Object!, (V1Node)attributes.OldObject!),
            _ => null,
        };
    }

    /// <summary>What can be said by the objects alone of everything else that a node writes.</summary>
    public static string? WhyNotOther(string node, AdmissionAttributes attributes)
    {
        var resource = attributes.Definition.Name;
        return resource == WellKnown.CsiNodes && attributes.Key.Name != node
                ? "can only access CSINode with the same name as the requesting node"
            : resource == WellKnown.PersistentVolumeClaims ? WhyNotClaim(node, attributes)
            : resource == WellKnown.ResourceSlices ? WhyNotSlice(node, attributes)
            : resource == WellKnown.CertificateSigningRequests ? WhyNotRequest(node, attributes)
            : null;
    }

    /// <summary>An update of a pod's status.</summary>
    public static string? WhyNotStatus(string node, AdmissionAttributes attributes)
    {
        if (attributes is not { Operation: AdmissionOperation.Update, Object: V1Pod pod, OldObject: V1Pod old })
        {
            return $"unexpected operation {GoText.Quote(attributes.Operation.ToString().ToUpperInvariant())}";
        }

        if (old.Spec.NodeName != node)
        {
            return $"node {GoText.Quote(node)} can only update pod status for pods with spec.nodeName set to itself";
        }

        if (Modified(pod.Metadata.Labels, old.Metadata.Labels).Any())
        {
            return $"node {GoText.Quote(node)} cannot update labels through pod status";
        }

        if (!ClaimsOf(pod).SequenceEqual(ClaimsOf(old)))
        {
            return $"node {GoText.Quote(node)} cannot update resource claim statues";
        }

        return ModelShape.SemanticEquals(
            pod.Status?.ExtendedResourceClaimStatus, old.Status?.ExtendedResourceClaimStatus)
            ? null
            : $"node {GoText.Quote(node)} cannot update extended resource claim status";
    }

    /// <summary>A mirror pod belongs to the node: it runs there, and its Node is its only owner.</summary>
    public static string? WhyNotOwned(string node, V1Pod pod)
    {
        var who = $"node {GoText.Quote(node)}";
        if (pod.Spec.NodeName != node)
        {
            return $"{who} can only create pods with spec.nodeName set to itself";
        }

        return pod.Metadata.OwnerReferences switch
        {
            { Count: > 1 } => $"{who} can only create pods with a single owner reference set to itself",
            [{ ApiVersion: "v1", Kind: "Node" } owner] when owner.Name == node =>
                owner.Controller != true ? $"{who} can only create pods with a controller owner reference set to itself"
                : owner.BlockOwnerDeletion == true ? $"{who} must not set blockOwnerDeletion on an owner reference"
                : null,
            _ => $"{who} can only create pods with an owner reference set to itself",
        };
    }

    /// <summary>Of its pods' claims a node says how large they have become, and nothing else.</summary>
    private static string? WhyNotClaim(string node, AdmissionAttributes attributes)
    {
        if (attributes.Subresource != "status")
        {
            return "may only update PVC status";
        }

        if (attributes is not
            {
                Operation: AdmissionOperation.Update, Object: V1PersistentVolumeClaim claim,
                OldObject: V1PersistentVolumeClaim old,
            })
        {
            return $"unexpected operation {GoText.Quote(attributes.Operation.Word())}";
        }

        var (left, right) = (WithoutSize(claim), WithoutSize(old));
        string[] changed =
        [
            .. ModelShape.SemanticEquals(left.Metadata, right.Metadata) ? [] : new[] { "metadata" },
            .. ModelShape.SemanticEquals(left.Spec, right.Spec) ? [] : new[] { "spec" },
            .. ModelShape.SemanticEquals(left.Status, right.Status) ? [] : new[] { "status" },
        ];
        return changed.Length == 0
            ? null
            : $"node {GoText.Quote(node)} is not allowed to update fields other than status.quantity and "
                + $"status.conditions: {string.Join(", ", changed)}";
    }

    /// <summary>A copy without what a node may change, or what changes by itself.</summary>
    private static V1PersistentVolumeClaim WithoutSize(V1PersistentVolumeClaim claim)
    {
        var copy = ResourceCodec.Decode<V1PersistentVolumeClaim>(ResourceCodec.Encode(claim));
        (copy.Metadata.ResourceVersion, copy.Metadata.ManagedFields) = (null, null);
        copy.Status ??= new V1PersistentVolumeClaimStatus();
        (copy.Status.Capacity, copy.Status.Conditions) = (null, null);
        (copy.Status.AllocatedResources, copy.Status.AllocatedResourceStatuses) = (null, null);
        return copy;
    }

    /// <summary>A create and a deletion of many do not say to the authorizer whose slices they are about.</summary>
    private static string? WhyNotSlice(string node, AdmissionAttributes attributes) => attributes switch
    {
        { Operation: AdmissionOperation.Create, Object: V1ResourceSlice made } when made.Spec.NodeName != node =>
            "can only create ResourceSlice with the same NodeName as the requesting node",
        { Operation: AdmissionOperation.Delete, OldObject: V1ResourceSlice gone } when gone.Spec.NodeName != node =>
            "can only delete ResourceSlice with the same NodeName as the requesting node",
        _ => null,
    };

    /// <summary>A node's certificates are for itself.</summary>
    private static string? WhyNotRequest(string node, AdmissionAttributes attributes)
    {
        if (attributes is not { Operation: AdmissionOperation.Create, Object: V1CertificateSigningRequest request }
            || request.Spec.SignerName is not (KubernetesSigners.KubeletServing or KubernetesSigners.KubeletClient))
        {
            return null;
        }

        return PemRequests.Subject(request.Spec.Request) is not { } subject
            ? "unable to parse csr: PEM block type must be CERTIFICATE REQUEST"
            : SubjectNames.CommonName(subject) != $"system:node:{node}"
                ? $"can only create a node CSR with CN=system:node:{node}"
            : null;
    }

    private static string? WhyNotCreated(string node, V1Node item)
    {
        if (item.Spec?.ConfigSource is not null)
        {
            return $"node {GoText.Quote(node)} is not allowed to create pods with a non-nil configSource";
        }

        return Forbidden(Modified(item.Metadata.Labels, null)) is { Length: > 0 } labels
            ? $"node {GoText.Quote(node)} is not allowed to set the following labels: {labels}"
            : null;
    }

    private static string? WhyNotUpdated(string node, V1Node item, V1Node old)
    {
        if (item.Spec?.ConfigSource is { } source && !ModelShape.SemanticEquals(source, old.Spec?.ConfigSource))
        {
            return $"node {GoText.Quote(node)} is not allowed to update configSource to a new non-nil configSource";
        }

        if (!TaintsOf(item).SequenceEqual(TaintsOf(old)))
        {
            return $"node {GoText.Quote(node)} is not allowed to modify taints";
        }

        if (!OwnersOf(item).SequenceEqual(OwnersOf(old)))
        {
            return $"node {GoText.Quote(node)} is not allowed to modify ownerReferences";
        }

        return Forbidden(Modified(item.Metadata.Labels, old.Metadata.Labels)) is { Length: > 0 } labels
            ? $"is not allowed to modify labels: {labels}"
            : null;
    }

    private static IEnumerable<(string, string, string, DateTime?)> TaintsOf(V1Node node) =>
        (node.Spec?.Taints ?? []).Select(t => (t.Key, t.Value, t.Effect, t.TimeAdded));

    private static IEnumerable<(string, string, string, string, bool?, bool?)> OwnersOf(V1Node node) =>
        (node.Metadata.OwnerReferences ?? []).Select(
            o => (o.ApiVersion, o.Kind, o.Name, o.Uid, o.Controller, o.BlockOwnerDeletion));

    private static IEnumerable<(string, string)> ClaimsOf(V1Pod pod) =>
        (pod.Status?.ResourceClaimStatuses ?? []).Select(c => (c.Name, c.ResourceClaimName));

    /// <summary>Keys that are in one map only, or with another value.</summary>
    private static IEnumerable<string> Modified(IDictionary<string, string>? left, IDictionary<string, string>? right)
    {
        var before = right ?? new Dictionary<string, string>();
        var after = left ?? new Dictionary<string, string>();
        return after.Keys.Union(before.Keys, StringComparer.Ordinal).Where(
            key => !after.TryGetValue(key, out var a) || !before.TryGetValue(key, out var b) || a != b);
    }

    /// <summary>Those labels that a node may not touch: they would draw to it what is not meant for it.</summary>
    private static string Forbidden(IEnumerable<string> labels) =>
        string.Join(", ", labels.Where(IsForbidden).Order(StringComparer.Ordinal));

    private static bool IsForbidden(string label)
    {
        var slash = label.IndexOf('/', StringComparison.Ordinal);
        var prefix = slash < 0 ? "" : label[..slash];
        return IsIn(prefix, RestrictedNamespace)
            || (KubernetesNamespaces.Any(n => IsIn(prefix, n))
                && !KubeletLabels.Contains(label)
                && !KubeletNamespaces.Any(n => IsIn(prefix, n)));
    }

    private static bool IsIn(string prefix, string domain) =>
        prefix == domain || (prefix.EndsWith(domain, StringComparison.Ordinal) && prefix[^(domain.Length + 1)] == '.');
}
