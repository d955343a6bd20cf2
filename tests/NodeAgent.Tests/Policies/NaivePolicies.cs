using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Policies;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

/// <summary>What the API's documentation says of one packet, word for word, without a thought of cost.</summary>
internal static class NaivePolicies
{
    private const int Octets = 4;

    public static bool Allows(PolicyWorld world, Packet packet) =>
        packet.From == packet.To
        || (MaySend(world, packet) && MayReceive(world, packet));

    private static bool MaySend(PolicyWorld world, Packet packet) => Local(world, packet.From) is not { } sender
        || Decides(world, sender, "Egress", (policy, spec) => (spec.Egress ?? []).Any(
            r => AnyPeer(world, policy, r.To, packet.To) && AnyPort(world, r.Ports, packet)));

    private static bool MayReceive(PolicyWorld world, Packet packet) => Local(world, packet.To) is not { } receiver
        || Decides(world, receiver, "Ingress", (policy, spec) => (spec.Ingress ?? []).Any(
            r => AnyPeer(world, policy, r.FromProperty, packet.From) && AnyPort(world, r.Ports, packet)));

    private static bool Decides(
        PolicyWorld world, PolicyPod pod, string direction, Func<V1NetworkPolicy, V1NetworkPolicySpec, bool> allows)
    {
        var selecting = world.Policies.Where(p => p.Metadata.NamespaceProperty == pod.Namespace
            && Selects(p.Spec.PodSelector, pod.Labels) && TypesOf(p.Spec).Contains(direction)).ToList();
        return selecting.Count == 0 || selecting.Any(p => allows(p, p.Spec));
    }

    private static IEnumerable<string> TypesOf(V1NetworkPolicySpec spec) =>
        spec.PolicyTypes is { Count: > 0 } given ? given
        : spec.Egress is { Count: > 0 } ? ["Ingress", "Egress"] : ["Ingress"];

    private static bool AnyPeer(
        PolicyWorld world, V1NetworkPolicy policy, IList<V1NetworkPolicyPeer>? peers, string address) =>
        peers is null or { Count: 0 } || peers.Any(p => p.IpBlock is { } block
            ? IsIn(block.Cidr, address) && !(block.Except ?? []).Any(e => IsIn(e, address))
            : world.Pods.Any(pod => pod.Addresses.Contains(address)
                && (p.NamespaceSelector is null
                    ? pod.Namespace == policy.Metadata.NamespaceProperty
                    : Selects(p.NamespaceSelector, world.Namespaces[pod.Namespace]))
                && (p.PodSelector is null || Selects(p.PodSelector, pod.Labels))));

    private static bool AnyPort(PolicyWorld world, IList<V1NetworkPolicyPort>? ports, Packet packet) =>
        ports is null or { Count: 0 } || ports.Any(p => (p.Protocol ?? "TCP") == packet.Protocol
            && (p.Port is null
                || (int.TryParse(p.Port.Value, CultureInfo.InvariantCulture, out var number)
                    ? number <= packet.Port && packet.Port <= (p.EndPort ?? number)
                    : world.Pods.Any(pod => pod.Addresses.Contains(packet.To)
                        && pod.Ports.Contains(new NamedPort(packet.Protocol, p.Port.Value, packet.Port))))));

    private static PolicyPod? Local(PolicyWorld world, string address) =>
        world.Pods.FirstOrDefault(p => p.IsLocal && p.Addresses.Contains(address));

    private static bool Selects(V1LabelSelector? selector, IReadOnlyDictionary<string, string> labels)
    {
        foreach (var (key, value) in selector?.MatchLabels ?? new Dictionary<string, string>())
        {
            if (labels.GetValueOrDefault(key) != value)
            {
                return false;
            }
        }

        foreach (var expression in selector?.MatchExpressions ?? [])
        {
            var value = labels.GetValueOrDefault(expression.Key);
            var isAmong = value is not null && expression.Values is not null && expression.Values.Contains(value);
            if (expression.OperatorProperty is "In" && !isAmong
                || expression.OperatorProperty is "NotIn" && isAmong
                || expression.OperatorProperty is "Exists" && value is null
                || expression.OperatorProperty is "DoesNotExist" && value is not null)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsIn(string network, string address)
    {
        var parts = network.Split('/');
        return Bits(parts[0]) is { } whole && Bits(address)!.StartsWith(
            whole[..int.Parse(parts[1], CultureInfo.InvariantCulture)], StringComparison.Ordinal);
    }

    private static string? Bits(string address) => address.Split('.') is { Length: Octets } octets
        ? string.Concat(octets.Select(static o => $"{int.Parse(o, CultureInfo.InvariantCulture):b8}"))
        : null;
}
