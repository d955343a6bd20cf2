using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// Turns rule sets into nft transactions: the whole table, or only what differs. No rule is ever changed or replaced: a
/// packet on its way through the rules of one generation looks into maps of the next once a transaction is through, and
/// the maps inside of a replaced rule are empty by then. One in 40,000 packets passed untranslated when rules were
/// replaced under load; its connection is lost.
/// </summary>
/// <param name="table">Name of the table.</param>
public sealed class RulesetText(string table)
{
    /// <summary>The bit that upstream uses too: what carries it leaves with the node's address.</summary>
    public const string MasqueradeMark = "0x4000";

    /// <summary>
    /// Hooks, and the empty maps that they look into. The order of chains within a hook is told by their priorities.
    /// </summary>
    private const string Base = """
        map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
        map service-nodeports { type inet_proto . inet_service : verdict; }
        map no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict; }
        map no-endpoint-nodeports { type inet_proto . inet_service : verdict; }
        map firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
        set cluster-ips { type ipv4_addr; }
        set hairpins { type ipv4_addr . ipv4_addr; }
        chain reject-chain { reject; }
        chain services {
            ip daddr . meta l4proto . th dport vmap @service-ips
            fib daddr type local meta l4proto . th dport vmap @service-nodeports
        }
        chain firewall { ip daddr . meta l4proto . th dport vmap @firewall-ips; }
        chain no-endpoints {
            ip daddr . meta l4proto . th dport vmap @no-endpoint-services
            fib daddr type local meta l4proto . th dport vmap @no-endpoint-nodeports
        }
        chain filter-prerouting { type filter hook prerouting priority -110; policy accept; ct state new jump firewall; }
        chain filter-output-before { type filter hook output priority -110; policy accept; ct state new jump firewall; }
        chain filter-input { type filter hook input priority -110; policy accept; ct state new jump no-endpoints; }
        chain filter-forward {
            type filter hook forward priority -110; policy accept;
            ct state new jump no-endpoints
            ct state new ip daddr @cluster-ips reject
        }
        chain filter-output {
            type filter hook output priority -90; policy accept;
            ct state new jump no-endpoints
            ct state new ip daddr @cluster-ips reject
        }
        chain guard-loopback {
            type filter hook prerouting priority raw; policy accept;
            iif != "lo" ip daddr 127.0.0.0/8 drop
        }
        chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
        chain nat-output { type nat hook output priority -100; policy accept; jump services; }
        chain nat-postrouting {
            type nat hook postrouting priority srcnat; policy accept;
            meta mark and 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade fully-random
            ct status dnat ip saddr . ip daddr @hairpins masquerade fully-random
        }
        """;

    private static readonly string[] BaseSets = ["cluster-ips", "hairpins"];

    private static readonly string[] BaseMaps =
        ["service-ips", "service-nodeports", "no-endpoint-services", "no-endpoint-nodeports", "firewall-ips"];

    private static readonly string[] BaseChains =
    [
        "reject-chain", "services", "firewall", "no-endpoints", "filter-prerouting", "filter-output-before",
            "filter-input", "filter-forward",
        "filter-output", "guard-loopback", "nat-prerouting", "nat-output", "nat-postrouting",
    ];

    /// <summary>Name of an empty chain that tells with which rules the table was made.</summary>
    public static string Marker(string clusterCidr, string dnsAddress)
    {
        var contents =
            SHA256.HashData(Encoding.UTF8.GetBytes($"{Base}{dnsAddress}{PortRules.Fingerprint(clusterCidr)}"));
        return "made-by-" + Convert.ToHexStringLower(contents)[..8];
    }

    /// <summary>Whether a part is there whatever the Services.</summary>
    public static bool IsBase(Part part) => part.Kind switch
    {
        PartKind.Set => BaseSets.Contains(part.Name),
        PartKind.Map => BaseMaps.Contains(part.Name),
        _ => BaseChains.Contains(part.Name) || part.Name.StartsWith("made-by-", StringComparison.Ordinal),
    };

    /// <summary>
    /// One transaction that replaces whatever the kernel holds, and forgets what the kernel had learned.
    /// </summary>
    public string Full(Ruleset rules, string clusterCidr, string dnsAddress)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"add table ip {table}\ndelete table ip {table}\n");
        text.Append(CultureInfo.InvariantCulture,
            $"table ip {table} {{\n{Base}\nchain {Marker(clusterCidr, dnsAddress)} {{ }}\n}}\n");
        if (dnsAddress.Length > 0)
        {
            // While the agent restarts nobody answers DNS: without the kernel's "port unreachable" resolvers wait and
            // ask again instead of giving up.
            text.Append(
                CultureInfo.InvariantCulture,
                $"add rule ip {table} filter-output ip saddr {dnsAddress} icmp type destination-unreachable drop\n");
        }

        return text.Append(Change(new Ruleset(), rules, rules.Parts, [])).ToString();
    }

    /// <summary>
    /// One transaction from one state to another; empty when there is nothing to do. Things are made before what refers
    /// to them, and removed after.
    /// </summary>
    /// <param name="from">Elements as they are.</param>
    /// <param name="to">Elements as they are to be.</param>
    /// <param name="missing">Parts that the kernel does not have yet.</param>
    /// <param name="idle">Parts that nothing refers to any more.</param>
    public string Change(Ruleset from, Ruleset to, IReadOnlyCollection<KeyValuePair<Part, string>> missing,
        IReadOnlyCollection<Part> idle)
    {
        var text = new StringBuilder();
        foreach (var (part, definition) in missing.Where(m => m.Key.Kind != PartKind.Chain))
        {
            text.Append(
                CultureInfo.InvariantCulture, $"add {KindOf(part)} ip {table} {part.Name} {{ {definition} }}\n");
        }

        foreach (var (part, _) in missing.Where(m => m.Key.Kind == PartKind.Chain))
        {
            text.Append(CultureInfo.InvariantCulture, $"add chain ip {table} {part.Name}\n");
        }

        foreach (var (part, body) in missing.Where(m => m.Key.Kind == PartKind.Chain))
        {
            foreach (var rule in body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                text.Append(CultureInfo.InvariantCulture, $"add rule ip {table} {part.Name} {rule}\n");
            }
        }

        AppendElements(text, "delete", from, to);
        AppendElements(text, "add", to, from);
        AppendRemovals(text, idle);
        return text.ToString();
    }

    private static string KindOf(Part part) => part.Kind switch
    {
        PartKind.Set => "set",
        PartKind.Map => "map",
        _ => "chain",
    };

    // Those that the other side does not have, or has with another value.
    private void AppendElements(StringBuilder text, string verb, Ruleset these, Ruleset others)
    {
        foreach (var group in these.Elements
            .Where(e => others.Elements.GetValueOrDefault(e.Key) != e.Value)
            .GroupBy(e => e.Key.Set, StringComparer.Ordinal))
        {
            var elements = group.Select(e => e.Value.Length == 0 ? e.Key.Key : $"{e.Key.Key} : {e.Value}");
            var all = string.Join(", ", elements);
            text.Append(CultureInfo.InvariantCulture, $"{verb} element ip {table} {group.Key} {{ {all} }}\n");
        }
    }

    // Chains that call others go first: the kernel refuses to delete what is still called.
    private void AppendRemovals(StringBuilder text, IReadOnlyCollection<Part> idle)
    {
        foreach (var chain in idle.Where(p => p.Kind == PartKind.Chain))
        {
            text.Append(CultureInfo.InvariantCulture, $"flush chain ip {table} {chain.Name}\n");
        }

        foreach (var part in idle.OrderByDescending(p => p.Kind))
        {
            text.Append(CultureInfo.InvariantCulture, $"delete {KindOf(part)} ip {table} {part.Name}\n");
        }
    }
}
