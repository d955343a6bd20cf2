using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Networking.NetworkPolicies;

/// <summary>The rules of NetworkPolicies.</summary>
public sealed class NetworkPolicyStrategy : ResourceStrategy<V1NetworkPolicy>
{
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumns.Name,
        new(
            "Pod-Selector",
            "string",
            "",
            "podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is " +
            "applied to any pods selected by " +
            "this field. An empty selector matches all pods in the policy's namespace. Multiple network policies " +
            "can select the same set of " +
            "pods. In this case, the ingress rules for each are combined additively. This field is optional. If " +
            "it is not specified, it " +
            "defaults to an empty selector."),
        TableColumns.Age,
    ];

    public override IReadOnlyList<object?> Cells(V1NetworkPolicy item, DateTimeOffset now)
    {
        var selector = LabelSelector.Of(item.Spec.PodSelector).ToString();
        return
        [
            item.Metadata.Name, selector.Length == 0 ? TableColumns.None : selector, TableColumns.AgeOf(item, now),
        ];
    }

    public override void SetDefaults(V1NetworkPolicy item)
    {
        item.Spec ??= new V1NetworkPolicySpec();
        item.Spec.PodSelector ??= new V1LabelSelector();
        ModelShape.Normalize(item);
        foreach (var port in Ports(item.Spec))
        {
            port.Protocol ??= "TCP";
        }

        if (item.Spec.PolicyTypes is not { Count: > 0 })
        {
            item.Spec.PolicyTypes = item.Spec.Egress is { Count: > 0 } ? ["Ingress", "Egress"] : ["Ingress"];
        }
    }

    public override void PrepareForCreate(V1NetworkPolicy item) => item.Metadata.Generation = 1;

    public override void PrepareForUpdate(V1NetworkPolicy item, V1NetworkPolicy old, string subresource)
    {
        ObjectMetaRules.CountGeneration(item.Metadata, old.Metadata, item.Spec, old.Spec);
    }

    public override void Validate(V1NetworkPolicy item, FieldErrors errors) =>
        new NetworkPolicyValidator(errors, null).Validate(item.Spec);

    public override void ValidateUpdate(
        V1NetworkPolicy item, V1NetworkPolicy old, string subresource, FieldErrors errors) =>
        new NetworkPolicyValidator(errors, old.Spec).Validate(item.Spec);

    public override IEnumerable<string> Warnings(V1NetworkPolicy item, V1NetworkPolicy? old)
    {
        var spec = FieldPath.Of("spec");
        var peers = (item.Spec.Ingress ?? []).SelectMany((rule, i) => (rule.FromProperty ?? [])
                .Select((peer, j) => (peer.IpBlock, Path: spec.Child("ingress").Index(i).Child("from").Index(j))))
            .Concat((item.Spec.Egress ?? []).SelectMany((rule, i) => (rule.To ?? [])
                .Select((peer, j) => (peer.IpBlock, Path: spec.Child("egress").Index(i).Child("to").Index(j)))));
        return peers.Where(p => p.IpBlock is not null)
            .SelectMany(p => CidrWarnings(p.IpBlock, p.Path.Child("ipBlock")));
    }

    private static IEnumerable<string> CidrWarnings(V1IPBlock block, FieldPath path) =>
        NetworkRules.CidrWarnings(path.Child("cidr"), block.Cidr ?? "").Concat(
            (block.Except ?? [])
                .SelectMany((cidr, i) => NetworkRules.CidrWarnings(path.Child("except").Index(i), cidr)));

    private static IEnumerable<V1NetworkPolicyPort> Ports(V1NetworkPolicySpec spec) =>
        (spec.Ingress ?? []).SelectMany(r => r.Ports ?? []).Concat((spec.Egress ?? []).SelectMany(r => r.Ports ?? []));
}
