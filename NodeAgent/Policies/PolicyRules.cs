using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>
/// The plan in nft's words. Pure.
///
/// A map leads from a pod's address to a chain that all pods share which may send or receive the same; the chain lets
/// through what it names, and drops the rest. Peers are sets of addresses, named by how they are selected. So a packet
/// costs two look-ups and the rules of its own pods, however many policies there are; and pods that come and go are
/// elements, while chains change with policies only.
/// </summary>
public sealed class PolicyRules
{
    private const string ToPods = "to-pods";
    private const string FromPods = "from-pods";
    private const string Selves = "selves";
    private const int NameLength = 24;

    // How pods of one bridge find each other: IPv4 has a protocol of its own for that, which does not come by.
    private const string Neighbours = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept";

    private readonly IpFamily _family;

    private PolicyRules(IpFamily family) => _family = family;

    // What belongs to a connection that was let through is; a new one is judged by who sends it, then by who receives
    // it. What the node itself sends or receives does not come by: its kubelet reaches its pods, and they reach it.
    private static string Base(string ip, string address, string neighbours) => $$"""
        map {{ToPods}} { type {{address}} : verdict; }
        map {{FromPods}} { type {{address}} : verdict; }
        set {{Selves}} { type {{address}} . {{address}}; }
        chain policies {
            {{ip}} saddr . {{ip}} daddr @{{Selves}} return
            {{ip}} saddr vmap @{{FromPods}}
            {{ip}} daddr vmap @{{ToPods}}
        }
        chain filter-forward {
            type filter hook forward priority 0; policy accept;
            ct state established,related accept
            {{neighbours}}
            jump policies
        }
        """;

    /// <summary>The table of a name.</summary>
    public static TableLayout Layout(string name, IpFamily family) => new(
        family, name, Base(family.Word, family.AddressType, family == IpFamily.Six ? Neighbours : ""),
        called: "policies", made: "1");

    /// <summary>Everything that is to be in the table.</summary>
    public static Ruleset Compile(PolicyPlan plan, IpFamily family) => new PolicyRules(family).Compile(plan);

    private Ruleset Compile(PolicyPlan plan)
    {
        var rules = new Ruleset();
        Add(rules, plan.Ingress, ToPods, "in", "saddr");
        Add(rules, plan.Egress, FromPods, "out", "daddr");
        foreach (var (named, addresses) in plan.NamedPorts)
        {
            rules.Parts[new Part(PartKind.Set, NameOf(named))] =
                $"type {_family.AddressType} . inet_proto . inet_service;";
            foreach (var (address, number) in addresses)
            {
                rules.Elements[(NameOf(named), FormattableString.Invariant(
                    $"{address} . {Protocol(named.Protocol)} . {number}"))] = "";
            }
        }

        return rules;
    }

    private void Add(
        Ruleset rules, IReadOnlyDictionary<string, IReadOnlyList<Allowance>> isolated, string map, string prefix,
        string otherSide)
    {
        var chains = new Dictionary<IReadOnlyList<Allowance>, string>(ReferenceEqualityComparer.Instance);
        foreach (var (address, allowances) in isolated)
        {
            if (!chains.TryGetValue(allowances, out var chain))
            {
                chains[allowances] = chain = AddChain(rules, allowances, prefix, otherSide);
            }

            rules.Elements[(map, address)] = $"jump {chain}";
            rules.Elements[(Selves, $"{address} . {address}")] = "";
        }
    }

    private string AddChain(
        Ruleset rules, IReadOnlyList<Allowance> allowances, string prefix, string otherSide)
    {
        var lines = allowances.Select(a => Line(rules, a, otherSide)).Distinct().Order(StringComparer.Ordinal);
        var body = string.Join('\n', lines.Append("drop"));
        var name = $"{prefix}-{Hash(body)}";
        rules.Parts[new Part(PartKind.Chain, name)] = body;
        return name;
    }

    private string Line(Ruleset rules, Allowance allowance, string otherSide)
    {
        var peers = allowance.Peers switch
        {
            SelectedPods pods => $"{_family.Word} {otherSide} @{AddPods(rules, pods)} ",
            AddressBlocks blocks => $"{_family.Word} {otherSide} @{AddBlocks(rules, blocks)} ",
            _ => "",
        };
        var traffic = allowance.Traffic switch
        {
            PortsOf { Ranges: [] } all => $"meta l4proto {Protocol(all.Protocol)} ",
            PortsOf { Ranges: [var one] } ports => $"{Protocol(ports.Protocol)} dport {one} ",
            PortsOf ports => $"{Protocol(ports.Protocol)} dport {{ {string.Join(", ", ports.Ranges)} }} ",
            PortNamed named => $"{_family.Word} daddr . meta l4proto . th dport @{NameOf(named)} ",
            _ => "",
        };
        return $"{peers}{traffic}return";
    }

    private string AddPods(Ruleset rules, SelectedPods pods)
    {
        var name = $"pods-{Hash(pods.Selectors)}";
        if (rules.Parts.TryAdd(new Part(PartKind.Set, name), $"type {_family.AddressType};"))
        {
            foreach (var address in pods.Addresses)
            {
                rules.Elements[(name, address)] = "";
            }
        }

        return name;
    }

    // Blocks never change: their addresses are part of what the set is.
    private string AddBlocks(Ruleset rules, AddressBlocks blocks)
    {
        var elements = string.Join(", ", blocks.Ranges.Select(r => r.ToAddresses(_family)));
        var name = $"blocks-{Hash(elements)}";
        rules.Parts[new Part(PartKind.Set, name)] =
            $"type {_family.AddressType}; flags interval; elements = {{ {elements} }};";
        return name;
    }

    private static string NameOf(PortNamed named) => $"ports-{Protocol(named.Protocol)}-{named.Name}";

    private static string Protocol(string name) => name switch
    {
        "UDP" => "udp",
        "SCTP" => "sctp",
        _ => "tcp",
    };

    // Long enough that nobody finds selectors whose names meet those of another's policy.
    private static string Hash(string text) => Part.Hash(text, NameLength);
}
