using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>Names of what a table of an earlier run holds.</summary>
public sealed record ExistingTable(IReadOnlySet<string> Chains, IReadOnlySet<string> Maps, IReadOnlySet<string> Sets);

/// <summary>Turns rule sets into nft transactions: the whole table, or only what differs.</summary>
public static class RulesetText
{
    public const string Table = "orc-proxy";

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
        "reject-chain", "services", "firewall", "no-endpoints", "filter-prerouting", "filter-output-before", "filter-input", "filter-forward",
        "filter-output", "guard-loopback", "nat-prerouting", "nat-output", "nat-postrouting",
    ];

    /// <summary>
    /// One transaction that replaces whatever the kernel holds, and forgets what the kernel had learned.
    /// </summary>
    public static string Full(Ruleset rules, string dnsAddress)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"add table ip {Table}\ndelete table ip {Table}\n");
        AppendBase(text, dnsAddress);
        return text.Append(Difference(new Ruleset(), rules)).ToString();
    }

    /// <summary>
    /// One transaction that writes everything anew into a table of an earlier run, but leaves the clients that affinity
    /// sets remember.
    /// </summary>
    public static string Renew(Ruleset rules, ExistingTable existing, string dnsAddress)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"flush table ip {Table}\n");
        foreach (var map in existing.Maps)
        {
            text.Append(CultureInfo.InvariantCulture, $"flush map ip {Table} {map}\n");
        }

        foreach (var set in BaseSets.Where(existing.Sets.Contains))
        {
            text.Append(CultureInfo.InvariantCulture, $"flush set ip {Table} {set}\n");
        }

        AppendBase(text, dnsAddress);
        text.Append(Difference(new Ruleset(), rules));
        AppendDeletions(text, "chain", existing.Chains.Except([.. rules.Chains.Keys, .. rules.SharedChains.Keys, .. BaseChains]));
        AppendDeletions(text, "map", existing.Maps.Except([.. rules.SharedMaps.Keys, .. BaseMaps]));
        AppendDeletions(text, "set", existing.Sets.Except([.. rules.Sets.Keys, .. BaseSets]));
        return text.ToString();
    }

    private static void AppendDeletions(StringBuilder text, string kind, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            text.Append(CultureInfo.InvariantCulture, $"delete {kind} ip {Table} {name}\n");
        }
    }

    // While the agent restarts nobody answers DNS: without the kernel's "port unreachable" resolvers wait and ask again
    // instead of giving up.
    private static void AppendBase(StringBuilder text, string dnsAddress)
    {
        text.Append(CultureInfo.InvariantCulture, $"table ip {Table} {{\n{Base}\n}}\n");
        if (dnsAddress.Length > 0)
        {
            text.Append(
                CultureInfo.InvariantCulture, $"add rule ip {Table} filter-output ip saddr {dnsAddress} icmp type destination-unreachable drop\n");
        }
    }

    /// <summary>
    /// One transaction from one state to another; empty when they are the same. Things are made before what refers to
    /// them, and removed after.
    /// </summary>
    public static string Difference(Ruleset from, Ruleset to)
    {
        var text = new StringBuilder();
        foreach (var (name, definition) in to.Sets.Where(s => !from.Sets.ContainsKey(s.Key)))
        {
            text.Append(CultureInfo.InvariantCulture, $"add set ip {Table} {name} {{ {definition} }}\n");
        }

        foreach (var (name, definition) in to.SharedMaps.Where(m => !from.SharedMaps.ContainsKey(m.Key)))
        {
            text.Append(CultureInfo.InvariantCulture, $"add map ip {Table} {name} {{ {definition} }}\n");
        }

        foreach (var name in to.Chains.Keys.Where(c => !from.Chains.ContainsKey(c))
            .Concat(to.SharedChains.Keys.Where(c => !from.SharedChains.ContainsKey(c))))
        {
            text.Append(CultureInfo.InvariantCulture, $"add chain ip {Table} {name}\n");
        }

        foreach (var (name, body) in to.Chains.Where(c => from.Chains.GetValueOrDefault(c.Key) != c.Value))
        {
            AppendRules(text, name, body, isNew: !from.Chains.ContainsKey(name));
        }

        foreach (var (name, body) in to.SharedChains.Where(c => !from.SharedChains.ContainsKey(c.Key)))
        {
            AppendRules(text, name, body, isNew: true);
        }

        AppendElements(text, from, to);
        AppendRemovals(text, from, to);
        return text.ToString();
    }

    private static void AppendRules(StringBuilder text, string chain, string body, bool isNew)
    {
        if (!isNew)
        {
            text.Append(CultureInfo.InvariantCulture, $"flush chain ip {Table} {chain}\n");
        }

        foreach (var rule in body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            text.Append(CultureInfo.InvariantCulture, $"add rule ip {Table} {chain} {rule}\n");
        }
    }

    private static void AppendElements(StringBuilder text, Ruleset from, Ruleset to)
    {
        foreach (var group in from.Elements
            .Where(e => to.Elements.GetValueOrDefault(e.Key) != e.Value)
            .GroupBy(e => e.Key.Set, StringComparer.Ordinal))
        {
            AppendGroup(text, "delete", group);
        }

        foreach (var group in to.Elements
            .Where(e => from.Elements.GetValueOrDefault(e.Key) != e.Value)
            .GroupBy(e => e.Key.Set, StringComparer.Ordinal))
        {
            AppendGroup(text, "add", group);
        }
    }

    private static void AppendGroup(
        StringBuilder text, string verb, IGrouping<string, KeyValuePair<(string Set, string Key), string>> group)
    {
        var elements = group.Select(e => e.Value.Length == 0 ? e.Key.Key : $"{e.Key.Key} : {e.Value}");
        text.Append(CultureInfo.InvariantCulture, $"{verb} element ip {Table} {group.Key} {{ {string.Join(", ", elements)} }}\n");
    }

    // Chains that call others go first: the kernel refuses to delete what is still called.
    private static void AppendRemovals(StringBuilder text, Ruleset from, Ruleset to)
    {
        var chains = from.Chains.Keys.Where(c => !to.Chains.ContainsKey(c))
            .Concat(from.SharedChains.Keys.Where(c => !to.SharedChains.ContainsKey(c))).ToList();
        foreach (var name in chains)
        {
            text.Append(CultureInfo.InvariantCulture, $"flush chain ip {Table} {name}\n");
        }

        AppendDeletions(text, "chain", chains);
        AppendDeletions(text, "map", from.SharedMaps.Keys.Where(m => !to.SharedMaps.ContainsKey(m)));
        AppendDeletions(text, "set", from.Sets.Keys.Where(s => !to.Sets.ContainsKey(s)));
    }
}
