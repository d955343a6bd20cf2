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
    /// <param name="clusterCidr">Addresses of pods.</param>
    /// <param name="dnsAddress">Address of the cluster's DNS on this node; empty without one.</param>
    public static TableLayout Of(string name, string clusterCidr, string dnsAddress)
    {
        // While the agent restarts nobody answers DNS: without the kernel's "port unreachable" resolvers wait and ask
        // again instead of giving up.
        var dns = dnsAddress.Length > 0 ? $"ip saddr {dnsAddress} icmp type destination-unreachable drop" : "";
        return new TableLayout(name, Text(dns), called: "services", PortRules.Fingerprint(clusterCidr));
    }

    private static string Text(string dns) => $$"""
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
            {{dns}}
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
}
