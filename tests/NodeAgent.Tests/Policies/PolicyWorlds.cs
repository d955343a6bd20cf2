using System.Globalization;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Policies;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

/// <summary>Small clusters with few names, labels, addresses and ports, so that everything meets everything.</summary>
internal static class PolicyWorlds
{
    private static readonly string[] Spaces = ["a", "b", "c"];
    private static readonly string[] Protocols = ["TCP", "UDP", "SCTP"];
    private static readonly int[] Numbers = [53, 80, 81, 8080, 65535];
    private static readonly string[] Outside = ["198.51.100.1", "198.51.100.200", "192.0.2.1"];

    private static readonly Gen<Dictionary<string, string>> AnyLabels = Gen.Select(
        Gen.Int[0, 2], Gen.Int[0, 2], static (app, tier) =>
        {
            var labels = new Dictionary<string, string>();
            if (app > 0)
            {
                labels["app"] = app == 1 ? "web" : "db";
            }

            if (tier > 0)
            {
                labels["tier"] = $"{tier}";
            }

            return labels;
        });

    private static readonly Gen<V1LabelSelectorRequirement> AnyExpression = Gen.Select(
        Gen.OneOf("In", "NotIn", "Exists", "DoesNotExist"), Gen.OneOf("app", "tier"),
        Gen.OneOf("web", "db", "1", "2").List[1, 2],
        static (how, key, values) => new V1LabelSelectorRequirement
        {
            Key = key, OperatorProperty = how, Values = how is "In" or "NotIn" ? values : null,
        });

    private static readonly Gen<V1LabelSelector> AnySelector = Gen.Select(
        AnyLabels, AnyExpression.List[0, 1], Gen.Int[0, 2],
        static (labels, expressions, what) => new V1LabelSelector
        {
            MatchLabels = what == 1 ? labels : null, MatchExpressions = what == 2 ? expressions : null,
        });

    // One has bits beyond its prefix, one is of another family.
    private static readonly Gen<V1IPBlock> AnyBlock = Gen.OneOf<(string Cidr, string[] Parts)>(
        ("0.0.0.0/0", ["10.0.0.0/30", "198.51.100.0/24", "0.0.0.0/1"]),
        ("10.0.0.0/29", ["10.0.0.4/30", "10.0.0.1/32"]),
        ("10.0.0.6/29", ["10.0.0.0/30", "10.0.0.2/31"]),
        ("198.51.100.0/24", ["198.51.100.128/25", "198.51.100.192/26"]),
        ("2001:db8::/32", ["2001:db8:1::/48"]))
        .SelectMany(static b => Gen.Int[0, b.Parts.Length].Select(n => new V1IPBlock
        {
            Cidr = b.Cidr, Except = n == 0 ? null : [.. b.Parts.Take(n)],
        }));

    private static readonly Gen<V1NetworkPolicyPeer> AnyPeer = Gen.Select(
        Gen.Int[0, 3], AnySelector, AnySelector, AnyBlock, static (what, pods, spaces, block) => new V1NetworkPolicyPeer
        {
            PodSelector = what is 0 or 2 ? pods : null,
            NamespaceSelector = what is 1 or 2 ? spaces : null,
            IpBlock = what is 3 ? block : null,
        });

    private static readonly Gen<V1NetworkPolicyPort> AnyPort = Gen.Select(
        Gen.Int[0, 3], Gen.OneOf(Protocols), Gen.Int[0, 3], Gen.OneOf("http", "dns"),
        static (what, protocol, number, name) => new V1NetworkPolicyPort
        {
            Protocol = what == 3 && protocol == "TCP" ? null : protocol,
            Port = what switch
            {
                0 => null, 1 => name, _ => (IntOrString)Numbers[number].ToString(CultureInfo.InvariantCulture),
            },
            EndPort = what == 3 ? Numbers[number + 1] : null,
        });

    private static readonly Gen<(List<V1NetworkPolicyPeer>? Peers, List<V1NetworkPolicyPort>? Ports)> AnyRule =
        Gen.Select(AnyPeer.List[0, 3], AnyPort.List[0, 3], Gen.Bool, static (peers, ports, none) =>
            (none && peers.Count == 0 ? null : peers, none && ports.Count == 0 ? null : ports));

    private static readonly Gen<V1NetworkPolicySpec> AnySpec = Gen.Select(
        AnySelector, Gen.OneOf<string[]?>(null, [], ["Ingress"], ["Egress"], ["Ingress", "Egress"]),
        AnyRule.List[0, 2], AnyRule.List[0, 2],
        static (selector, types, ingress, egress) => new V1NetworkPolicySpec
        {
            PodSelector = selector,
            PolicyTypes = types,
            Ingress =
            [
                .. ingress.Select(
                    static r => new V1NetworkPolicyIngressRule { FromProperty = r.Peers, Ports = r.Ports }),
            ],
            Egress = [.. egress.Select(static r => new V1NetworkPolicyEgressRule { To = r.Peers, Ports = r.Ports })],
        });

    private static readonly Gen<PolicyPod> AnyPod = Gen.Select(
        Gen.OneOf(Spaces), AnyLabels, Gen.Int[0, 3], Gen.Bool,
        static (space, labels, ports, isLocal) => new PolicyPod
        {
            Namespace = space,
            Labels = labels,
            Ports =
            [
                .. ports > 0 ? (NamedPort[])[new NamedPort("TCP", "http", ports == 1 ? 80 : 8080)] : [],
                .. ports > 2 ? (NamedPort[])[new NamedPort("UDP", "dns", 53), new NamedPort("UDP", "http", 81)] : [],
            ],
            IsLocal = isLocal,
        });

    public static readonly Gen<PolicyWorld> Any = Gen.Select(
        Gen.Select(Gen.OneOf(Spaces), AnySpec).List[0, 5], AnyLabels.Array[Spaces.Length], AnyPod.List[1, 7],
        static (policies, labels, pods) => new PolicyWorld(
            [.. policies.Select(static (p, i) => new V1NetworkPolicy
            {
                Metadata = new V1ObjectMeta { NamespaceProperty = p.Item1, Name = $"p{i}" }, Spec = p.Item2,
            })],
            Spaces.Zip(labels).ToDictionary(
                static s => s.First, static s => (IReadOnlyDictionary<string, string>)s.Second),
            [.. pods.Select(static (p, i) => p with { Addresses = i == 6 ? [] : [$"10.0.0.{i + 1}"] })]));

    public static readonly Gen<Packet> AnyPacket = Gen.Select(
        AnyAddress(), AnyAddress(), Gen.OneOf(Protocols), Gen.OneOf(Numbers),
        static (from, to, protocol, port) => new Packet(from, to, protocol, port));

    private static Gen<string> AnyAddress() => Gen.Select(
        Gen.Int[0, 9], static i => i < 7 ? $"10.0.0.{i + 1}" : Outside[i - 7]);
}
