using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using static OrleansOrchestrator.NodeAgent.Stats.MachineMetrics;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>Protocols, sockets and neighbours of the machine, as node_exporter tells them.</summary>
internal static class MachineNetwork
{
    private static readonly HashSet<string> Protocols = new(StringComparer.Ordinal)
    {
        "Ip_Forwarding", "IpExt_InOctets", "IpExt_OutOctets", "Ip6_InOctets", "Ip6_OutOctets",
        "Icmp_InErrors", "Icmp_InMsgs", "Icmp_OutMsgs", "Icmp6_InErrors", "Icmp6_InMsgs", "Icmp6_OutMsgs",
        "Tcp_ActiveOpens", "Tcp_CurrEstab", "Tcp_InErrs", "Tcp_InSegs", "Tcp_OutRsts", "Tcp_OutSegs",
        "Tcp_PassiveOpens", "Tcp_RetransSegs", "TcpExt_ListenDrops", "TcpExt_ListenOverflows",
        "TcpExt_SyncookiesFailed", "TcpExt_SyncookiesRecv", "TcpExt_SyncookiesSent", "TcpExt_TCPOFOQueue",
        "TcpExt_TCPRcvQDrop", "TcpExt_TCPSynRetrans", "TcpExt_TCPTimeouts", "Udp_InDatagrams", "Udp_InErrors",
        "Udp_NoPorts", "Udp_OutDatagrams", "Udp_RcvbufErrors", "Udp_SndbufErrors", "Udp6_InDatagrams",
        "Udp6_InErrors", "Udp6_NoPorts", "Udp6_OutDatagrams", "Udp6_RcvbufErrors", "Udp6_SndbufErrors",
        "UdpLite_InErrors", "UdpLite6_InErrors",
    };

    // Of IPv6 a line has one number, and protocol and field are one word.
    private static readonly string[] ProtocolsOfSix = ["Ip6", "Icmp6", "UdpLite6", "Udp6"];

    public static void Write(MetricsText text, string root)
    {
        Counts(text, CgroupFiles.Text($"{root}/proc/net/snmp") ?? "");
        Counts(text, CgroupFiles.Text($"{root}/proc/net/netstat") ?? "");
        CountsOfSix(text, CgroupFiles.Text($"{root}/proc/net/snmp6") ?? "");
        Sockets(text, CgroupFiles.Text($"{root}/proc/net/sockstat") ?? "");
        Sockets(text, CgroupFiles.Text($"{root}/proc/net/sockstat6") ?? "");
        Neighbours(text, CgroupFiles.Text($"{root}/proc/net/arp") ?? "");
        One(text, "node_nf_conntrack_entries", "gauge",
            "Number of currently allocated flow entries for connection tracking.",
            CgroupFiles.Number($"{root}/proc/sys/net/netfilter/nf_conntrack_count"));
        One(text, "node_nf_conntrack_entries_limit", "gauge", "Maximum size of connection tracking table.",
            CgroupFiles.Number($"{root}/proc/sys/net/netfilter/nf_conntrack_max"));
    }

    // "Tcp: ActiveOpens PassiveOpens …", and a line with the numbers of these.
    private static void Counts(MetricsText text, string table)
    {
        var lines = table.Split('\n').Select(Words).Where(static w => w.Length > 1).ToList();
        foreach (var (names, numbers) in lines.Zip(lines.Skip(1)).Where(static p => p.First[0] == p.Second[0]))
        {
            var protocol = names[0].TrimEnd(':');
            foreach (var (field, number) in names.Zip(numbers).Skip(1))
            {
                Count(text, protocol, field, number);
            }
        }
    }

    // "Udp6InDatagrams    12".
    private static void CountsOfSix(MetricsText text, string table)
    {
        foreach (var words in table.Split('\n').Select(Words).Where(static w => w.Length == 2))
        {
            if (Array.Find(ProtocolsOfSix, p => words[0].StartsWith(p, StringComparison.Ordinal)) is { } protocol)
            {
                Count(text, protocol, words[0][protocol.Length..], words[1]);
            }
        }
    }

    private static void Count(MetricsText text, string protocol, string field, string number)
    {
        var name = $"{protocol}_{field}";
        if (Protocols.Contains(name))
        {
            One(text, $"node_netstat_{name}", "untyped", $"Statistic {protocol}{field}.", Number(number));
        }
    }

    // Below a heading, each with its device at the end.
    private static void Neighbours(MetricsText text, string table)
    {
        var devices = table.Split('\n').Skip(1).Select(Words).Where(static w => w.Length > 1)
            .CountBy(static w => w[^1]).OrderBy(static d => d.Key, StringComparer.Ordinal).ToList();
        if (devices.Count > 0)
        {
            text.Family("node_arp_entries", "gauge", "ARP entries by device");
            devices.ForEach(d => text.Sample("node_arp_entries", d.Value, null, ("device", d.Key)));
        }
    }

    // "TCP: inuse 23 orphan 0 …": names and numbers by turns.
    private static void Sockets(MetricsText text, string table)
    {
        foreach (var words in table.Split('\n').Select(Words).Where(static w => w.Length > 2))
        {
            var protocol = words[0].TrimEnd(':');
            for (var i = 1; i + 1 < words.Length; i += 2)
            {
                One(text, $"node_sockstat_{protocol}_{words[i]}", "gauge",
                    $"Number of {protocol} sockets in state {words[i]}.", Number(words[i + 1]));
            }
        }
    }
}
