using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Networking.NetworkPolicies;

/// <summary>Validation of a NetworkPolicy's spec. A selector that was bad before may stay bad.</summary>
internal sealed class NetworkPolicyValidator(FieldErrors errors, V1NetworkPolicySpec? old)
{
    private static readonly string[] Protocols = ["TCP", "UDP", "SCTP"];
    private static readonly string[] PolicyTypes = ["Ingress", "Egress"];
    private static readonly FieldPath Spec = FieldPath.Of("spec");

    /// <summary>What one of them had before may be in any of them.</summary>
    private static readonly FieldPath[] Cidrs =
    [
        Spec.Child("ingress", "from").Child("ipBlock", "cidr"),
        Spec.Child("ingress", "from").Child("ipBlock", "except"),
        Spec.Child("egress", "to").Child("ipBlock", "cidr"),
        Spec.Child("egress", "to").Child("ipBlock", "except"),
    ];

    private readonly bool _anyLabelValue = IsBad(old?.PodSelector);

    public void Validate(V1NetworkPolicySpec spec)
    {
        LabelSelectorRules.Validate(spec.PodSelector, Spec.Child("podSelector"), errors, _anyLabelValue);
        for (var i = 0; i < (spec.Ingress?.Count ?? 0); i++)
        {
            var rule = spec.Ingress![i];
            Rule(rule.Ports ?? [], rule.FromProperty ?? [], Spec.Child("ingress").Index(i), "from");
        }

        for (var i = 0; i < (spec.Egress?.Count ?? 0); i++)
        {
            Rule(spec.Egress![i].Ports ?? [], spec.Egress[i].To ?? [], Spec.Child("egress").Index(i), "to");
        }

        Types(spec.PolicyTypes ?? [], Spec.Child("policyTypes"));
    }

    private static bool IsBad(V1LabelSelector? selector)
    {
        var findings = new FieldErrors();
        LabelSelectorRules.Validate(selector, Spec, findings);
        return findings.Count > 0;
    }

    private void Types(IList<string> types, FieldPath path)
    {
        if (types.Count > PolicyTypes.Length)
        {
            errors.Invalid(path, types, "may not specify more than two policyTypes");
            return;
        }

        for (var i = 0; i < types.Count; i++)
        {
            if (!PolicyTypes.Contains(types[i]))
            {
                errors.NotSupported(path.Index(i), types[i], PolicyTypes);
            }
        }
    }

    private void Rule(
        IList<V1NetworkPolicyPort> ports, IList<V1NetworkPolicyPeer> peers, FieldPath path, string peersField)
    {
        for (var i = 0; i < ports.Count; i++)
        {
            Port(ports[i], path.Child("ports").Index(i));
        }

        for (var i = 0; i < peers.Count; i++)
        {
            Peer(peers[i], path.Child(peersField).Index(i));
        }
    }

    private void Port(V1NetworkPolicyPort port, FieldPath path)
    {
        if (port.Protocol is not null && !Protocols.Contains(port.Protocol))
        {
            errors.NotSupported(path.Child("protocol"), port.Protocol, Protocols);
        }

        if (port.Port is null)
        {
            NoEnd(port.EndPort, "may not be specified when `port` is not specified", path);
        }
        else if (PortOrText.IsNumber(port.Port, out var number))
        {
            errors.InvalidEach(path.Child("port"), number, NameRules.PortNumber(number));
            if (port.EndPort is { } end)
            {
                End(number, end, path.Child("endPort"));
            }
        }
        else
        {
            NoEnd(port.EndPort, "may not be specified when `port` is non-numeric", path);
            var name = port.Port.ToString();
            errors.InvalidEach(path.Child("port"), name, NameRules.PortName(name));
        }
    }

    private void End(int port, int end, FieldPath path)
    {
        if (end < port)
        {
            errors.Invalid(path, end, "must be greater than or equal to `port`");
        }

        errors.InvalidEach(path, end, NameRules.PortNumber(end));
    }

    private void NoEnd(int? end, string complaint, FieldPath path)
    {
        if (end is not null)
        {
            errors.Invalid(path.Child("endPort"), end, complaint);
        }
    }

    private void Peer(V1NetworkPolicyPeer peer, FieldPath path)
    {
        LabelSelectorRules.Validate(peer.PodSelector, path.Child("podSelector"), errors, _anyLabelValue);
        LabelSelectorRules.Validate(peer.NamespaceSelector, path.Child("namespaceSelector"), errors, _anyLabelValue);
        if (peer.IpBlock is { } block)
        {
            Block(block, path.Child("ipBlock"));
        }

        switch (peer)
        {
            case { PodSelector: null, NamespaceSelector: null, IpBlock: null }:
                errors.Required(path, "must specify a peer");
                break;
            case { IpBlock: not null } and not { PodSelector: null, NamespaceSelector: null }:
                errors.Forbidden(path, "may not specify both ipBlock and another peer");
                break;
        }
    }

    private void Block(V1IPBlock block, FieldPath path)
    {
        if (string.IsNullOrEmpty(block.Cidr))
        {
            errors.Required(path.Child("cidr"));
            return;
        }

        NetworkRules.ValidateCidr(path.Child("cidr"), block.Cidr, errors, Cidrs);
        for (var i = 0; NetworkRules.ParseCidrSloppy(block.Cidr) is not null && i < (block.Except?.Count ?? 0); i++)
        {
            var except = block.Except![i];
            var at = path.Child("except").Index(i);
            NetworkRules.ValidateCidr(at, except, errors, Cidrs);
            if (NetworkRules.ParseCidrSloppy(except) is not null && !NetworkRules.IsStrictSubset(except, block.Cidr))
            {
                errors.Invalid(at, except, "must be a strict subset of `cidr`");
            }
        }
    }
}
