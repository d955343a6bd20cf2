using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>
/// Which pods of this node are isolated, and what they may still send and receive, by one family of addresses. Pure.
/// Policies that select no pod of this node cost nothing; pods that the same policies select share what those say.
/// </summary>
public sealed class PolicyPlanner
{
    private const string Ingress = "Ingress";
    private const string Egress = "Egress";

    private readonly PolicyWorld _world;
    private readonly IpFamily _family;
    private readonly ILookup<string, PolicyPod> _podsByNamespace;
    private readonly ILookup<string, int> _policiesByNamespace;
    private readonly Dictionary<string, SelectedPods> _selected = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Direction, int Policy), IReadOnlyList<Allowance>> _ofPolicy = [];
    private readonly Dictionary<string, IReadOnlyList<Allowance>> _ofPolicies = new(StringComparer.Ordinal);

    private PolicyPlanner(PolicyWorld world, IpFamily family)
    {
        (_world, _family) = (world, family);
        _podsByNamespace = world.Pods.ToLookup(static p => p.Namespace, StringComparer.Ordinal);
        _policiesByNamespace = Enumerable.Range(0, world.Policies.Count)
            .ToLookup(i => world.Policies[i].Metadata.NamespaceProperty, StringComparer.Ordinal);
    }

    /// <summary>Plans for one moment.</summary>
    public static PolicyPlan Compute(PolicyWorld world, IpFamily family) => new PolicyPlanner(world, family).Plan();

    /// <summary>Whether a policy isolates the pods that it selects in a direction: what comes in always unless it says
    /// otherwise, what goes out when it has rules for it.</summary>
    public static bool Isolates(V1NetworkPolicySpec spec, string direction) => spec.PolicyTypes is { Count: > 0 } types
        ? types.Contains(direction)
        : direction == Ingress || spec.Egress is { Count: > 0 };

    private PolicyPlan Plan()
    {
        var ingress = new Dictionary<string, IReadOnlyList<Allowance>>(StringComparer.Ordinal);
        var egress = new Dictionary<string, IReadOnlyList<Allowance>>(StringComparer.Ordinal);
        foreach (var pod in _world.Pods.Where(p => p.IsLocal && AddressesOf(p).Any()))
        {
            var policies = _policiesByNamespace[pod.Namespace]
                .Where(i => _world.Policies[i].Spec.PodSelector is not { } selector || selector.Selects(pod.Labels))
                .ToList();
            Isolate(pod, policies, Ingress, ingress);
            Isolate(pod, policies, Egress, egress);
        }

        return new PolicyPlan(ingress, egress, NamedPorts(ingress.Values.Concat(egress.Values)));
    }

    private void Isolate(
        PolicyPod pod, List<int> policies, string direction, Dictionary<string, IReadOnlyList<Allowance>> isolated)
    {
        var isolating = policies.Where(i => Isolates(_world.Policies[i].Spec, direction)).ToList();
        if (isolating.Count == 0)
        {
            return;
        }

        var key = $"{direction} {string.Join(',', isolating)}";
        if (!_ofPolicies.TryGetValue(key, out var allowances))
        {
            _ofPolicies[key] = allowances = [.. isolating.SelectMany(i => OfPolicy(i, direction))];
        }

        foreach (var address in AddressesOf(pod))
        {
            isolated[address] = allowances;
        }
    }

    private IReadOnlyList<Allowance> OfPolicy(int index, string direction)
    {
        if (!_ofPolicy.TryGetValue((direction, index), out var allowances))
        {
            var (space, spec) = (_world.Policies[index].Metadata.NamespaceProperty, _world.Policies[index].Spec);
            allowances = direction == Ingress
                ? [.. (spec.Ingress ?? []).SelectMany(r => OfRule(space, r.FromProperty, r.Ports))]
                : [.. (spec.Egress ?? []).SelectMany(r => OfRule(space, r.To, r.Ports))];
            _ofPolicy[(direction, index)] = allowances;
        }

        return allowances;
    }

    private IEnumerable<Allowance> OfRule(
        string space, IList<V1NetworkPolicyPeer>? peers, IList<V1NetworkPolicyPort>? ports)
    {
        var traffic = TrafficOf(ports ?? []).ToList();
        return PeersOf(space, peers ?? []).SelectMany(p => traffic.Select(t => new Allowance(p, t)));
    }

    // No peers at all are everybody; peers that nobody is are nobody.
    private IEnumerable<PeerMatch> PeersOf(string space, IList<V1NetworkPolicyPeer> peers)
    {
        if (peers.Count == 0)
        {
            return [Everybody.Instance];
        }

        var blocks = Interval.Merge(
            peers.Select(static p => p.IpBlock).OfType<V1IPBlock>().SelectMany(AddressesOf));
        if (blocks is [var all] && all == Interval.AllAddresses(_family))
        {
            return [Everybody.Instance];
        }

        var selectors = peers.Where(static p => p.IpBlock is null).ToList();
        var matches = new List<PeerMatch>();
        if (selectors.Count > 0)
        {
            matches.Add(Select(space, selectors));
        }

        if (blocks.Count > 0)
        {
            matches.Add(new AddressBlocks(blocks));
        }

        return matches;
    }

    private IEnumerable<string> AddressesOf(PolicyPod pod) => pod.Addresses.Where(a => IpFamily.Of(a) == _family);

    private IReadOnlyList<Interval> AddressesOf(V1IPBlock block) =>
        Interval.OfNetwork(block.Cidr, _family)?.Without(
            (block.Except ?? []).Select(e => Interval.OfNetwork(e, _family)).OfType<Interval>()) ?? [];

    private SelectedPods Select(string space, List<V1NetworkPolicyPeer> peers)
    {
        var text = string.Join('|', peers.Select(p => TextOf(space, p)).Distinct().Order(StringComparer.Ordinal));
        if (!_selected.TryGetValue(text, out var selected))
        {
            var addresses = peers.SelectMany(p => PodsOf(space, p)).SelectMany(AddressesOf)
                .Distinct().Order(StringComparer.Ordinal);
            _selected[text] = selected = new SelectedPods(text, [.. addresses]);
        }

        return selected;
    }

    private static string TextOf(string space, V1NetworkPolicyPeer peer) =>
        $"{(peer.NamespaceSelector is null ? space : "")}/{Selection.Text(peer.NamespaceSelector)}/"
            + Selection.Text(peer.PodSelector);

    private IEnumerable<PolicyPod> PodsOf(string space, V1NetworkPolicyPeer peer)
    {
        var spaces = peer.NamespaceSelector is { } selector
            ? _world.Namespaces.Where(n => selector.Selects(n.Value)).Select(static n => n.Key)
            : [space];
        var pods = spaces.SelectMany(n => _podsByNamespace[n]);
        return peer.PodSelector is { } labels ? pods.Where(p => labels.Selects(p.Labels)) : pods;
    }

    private static IEnumerable<TrafficMatch> TrafficOf(IList<V1NetworkPolicyPort> ports)
    {
        if (ports.Count == 0)
        {
            return [AllTraffic.Instance];
        }

        var numbered = ports.Where(static p => !IsNamed(p)).GroupBy(static p => p.Protocol ?? "TCP")
            .Select(static g => (TrafficMatch)new PortsOf(g.Key, g.Any(static p => p.Port is null)
                ? []
                : Interval.Merge(g.Select(RangeOf))));
        var named = ports.Where(IsNamed).Select(static p => new PortNamed(p.Protocol ?? "TCP", p.Port.Value))
            .Distinct();
        return numbered.Concat(named);
    }

    private static bool IsNamed(V1NetworkPolicyPort port) => port.Port is not null && NumberOf(port) is null;

    private static uint? NumberOf(V1NetworkPolicyPort port) =>
        uint.TryParse(port.Port?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static Interval RangeOf(V1NetworkPolicyPort port)
    {
        var first = NumberOf(port)!.Value;
        return new Interval(first, port.EndPort is { } end ? (uint)end : first);
    }

    private Dictionary<PortNamed, IReadOnlyList<(string Address, int Number)>> NamedPorts(
        IEnumerable<IReadOnlyList<Allowance>> allowances)
    {
        var wanted = allowances.Distinct().SelectMany(static a => a).Select(static a => a.Traffic).OfType<PortNamed>()
            .ToHashSet();
        if (wanted.Count == 0)
        {
            return [];
        }

        var having = _world.Pods
            .SelectMany(static p => p.Ports.Select(port => (Pod: p, Port: port)))
            .ToLookup(static x => new PortNamed(x.Port.Protocol, x.Port.Name));
        return wanted.ToDictionary(
            static w => w,
            w => (IReadOnlyList<(string, int)>)
            [
                .. having[w].SelectMany(x => AddressesOf(x.Pod).Select(a => (a, x.Port.Number))).Distinct().Order(),
            ]);
    }
}
