using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// What the table of Services always holds: hooks, and the empty maps that they look into. The order of chains within a
/// hook is told by their priorities.
/// </summary>
public static class ProxyLayout
{
    /// <summary>The bit that upstream uses too: what carries it leaves with the node's address.</summary>
    public const string MasqueradeMark = "0x4000";

    /// <param name="name">Name of the table.</param>
    /// <param name="clusterCidr">Addresses of pods; their family is the table's.</param>
    /// <param name="dnsAddress">Address of the cluster's DNS on this node; empty without one.</param>
    public static TableLayout Of(string name, string clusterCidr, string dnsAddress)
    {
        var family = IpFamily.Of(clusterCidr);

        // While the agent restarts nobody answers DNS: without the kernel's "port unreachable" resolvers wait and ask
        // again instead of giving up.
        var dns = dnsAddress.Length > 0 && IpFamily.Of(dnsAddress) == family
            ? $"{family.Word} saddr {dnsAddress} {family.Icmp} type destination-unreachable drop"
            : "";
        return new TableLayout(
            family, name,
            family == IpFamily.Four
                ? Text(family.Word, family.AddressType, nodePorts: "", dns) + GuardLoopback
                : Text(family.Word, family.AddressType, NotLoopback, dns),
            called: "services", PortRules.Fingerprint(clusterCidr));
    }

    // Node ports answer on 127.0.0.1 as well, for which the kernel is told to route it: strangers must not use that.
    private const string GuardLoopback = """

        chain guard-loopback {
            type filter hook prerouting priority raw; policy accept;
            iif != "lo" ip daddr 127.0.0.0/8 drop
        }
        """;

    // The kernel never routes ::1, so node ports cannot answer there (nor do upstream's).
    private const string NotLoopback = "ip6 daddr != ::1 ";

    /// <param name="ip">Header of packets.</param>
    /// <param name="address">Type of addresses.</param>
    /// <param name="nodePorts">What else must hold of a packet for a node port.</param>
    /// <param name="dns">A rule for the answers of the cluster's DNS; empty for none.</param>
    private static string Text(string ip, string address, string nodePorts, string dns) => $$"""
        map service-ips { type {{address}} . inet_proto . inet_service : verdict; }
        map service-nodeports { type inet_proto . inet_service : verdict; }
        map no-endpoint-services { type {{address}} . inet_proto . inet_service : verdict; }
        map no-endpoint-nodeports { type inet_proto . inet_service : verdict; }
        map firewall-ips { type {{address}} . inet_proto . inet_service : verdict; }
        set cluster-ips { type {{address}}; }
        set hairpins { type {{address}} . {{address}}; }
        chain reject-chain { reject; }
        chain services {
            {{ip}} daddr . meta l4proto . th dport vmap @service-ips
            {{nodePorts}}fib daddr type local meta l4proto . th dport vmap @service-nodeports
        }
        chain firewall { {{ip}} daddr . meta l4proto . th dport vmap @firewall-ips; }
        chain no-endpoints {
            {{ip}} daddr . meta l4proto . th dport vmap @no-endpoint-services
            {{nodePorts}}fib daddr type local meta l4proto . th dport vmap @no-endpoint-nodeports
        }
        chain filter-prerouting { type filter hook prerouting priority -110; policy accept; ct state new jump firewall; }
        chain filter-output-before { type filter hook output priority -110; policy accept; ct state new jump firewall; }
        chain filter-input { type filter hook input priority -110; policy accept; ct state new jump no-endpoints; }
        chain filter-forward {
            type filter hook forward priority -110; policy accept;
            ct state new jump no-endpoints
            ct state new {{ip}} daddr @cluster-ips reject
        }
        chain filter-output {
            type filter hook output priority -90; policy accept;
            ct state new jump no-endpoints
            ct state new {{ip}} daddr @cluster-ips reject
            {{dns}}
        }
        chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
        chain nat-output { type nat hook output priority -100; policy accept; jump services; }
        chain nat-postrouting {
            type nat hook postrouting priority srcnat; policy accept;
            meta mark and 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade fully-random
            ct status dnat {{ip}} saddr . {{ip}} daddr @hairpins masquerade fully-random
        }
        """;
}
