using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using static OrleansOrchestrator.NodeAgent.Stats.MachineMetrics;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// Interfaces, protocols and sockets of the machine, as node_exporter tells them. The host's ends of pods are not among
/// the interfaces: <c>container_network_*</c> has them.
/// </summary>
internal static class MachineNetwork
{
    private static readonly HashSet<string> Protocols = new(StringComparer.Ordinal)
    {
        "Ip_Forwarding", "IpExt_InOctets", "IpExt_OutOctets", "Icmp_InErrors", "Icmp_InMsgs", "Icmp_OutMsgs",
        "Tcp_ActiveOpens", "Tcp_CurrEstab", "Tcp_InErrs", "Tcp_InSegs", "Tcp_OutRsts", "Tcp_OutSegs",
        "Tcp_PassiveOpens", "Tcp_RetransSegs", "TcpExt_ListenDrops", "TcpExt_ListenOverflows",
        "TcpExt_SyncookiesFailed", "TcpExt_SyncookiesRecv", "TcpExt_SyncookiesSent", "TcpExt_TCPOFOQueue",
        "TcpExt_TCPRcvQDrop", "TcpExt_TCPSynRetrans", "TcpExt_TCPTimeouts", "Udp_InDatagrams", "Udp_InErrors",
        "Udp_NoPorts", "Udp_OutDatagrams", "Udp_RcvbufErrors", "Udp_SndbufErrors",
    };

    public static void Write(MetricsText text, string root)
    {
        Interfaces(text, root);
        Counts(text, CgroupFiles.Text($"{root}/proc/net/snmp") ?? "");
        Counts(text, CgroupFiles.Text($"{root}/proc/net/netstat") ?? "");
        Sockets(text, CgroupFiles.Text($"{root}/proc/net/sockstat") ?? "");
        One(text, "node_nf_conntrack_entries", "gauge",
            "Number of currently allocated flow entries for connection tracking.",
            CgroupFiles.Number($"{root}/proc/sys/net/netfilter/nf_conntrack_count"));
        One(text, "node_nf_conntrack_entries_limit", "gauge", "Maximum size of connection tracking table.",
            CgroupFiles.Number($"{root}/proc/sys/net/netfilter/nf_conntrack_max"));
    }

    private static void Interfaces(MetricsText text, string root)
    {
        var devices = NetworkDevices.Parse(CgroupFiles.Text($"{root}/proc/net/dev"));
        void Each(string name, string type, string help, Func<NetworkInterfaceFigures, double?> figure)
        {
            text.Family($"node_network_{name}", type, help);
            foreach (var device in devices)
            {
                text.Sample($"node_network_{name}", figure(device), null, ("device", device.Name));
            }
        }

        void Total(string name, Func<NetworkInterfaceFigures, double?> figure) =>
            Each($"{name}_total", "counter", $"Network device statistic {name}.", figure);

        Total("receive_bytes", static d => d.RxBytes);
        Total("receive_drop", static d => d.RxDropped);
        Total("receive_errs", static d => d.RxErrors);
        Total("receive_packets", static d => d.RxPackets);
        Total("transmit_bytes", static d => d.TxBytes);
        Total("transmit_drop", static d => d.TxDropped);
        Total("transmit_errs", static d => d.TxErrors);
        Total("transmit_packets", static d => d.TxPackets);
        Each("up", "gauge", "Value is 1 if operstate is 'up', 0 otherwise.",
            d => CgroupFiles.Text($"{root}/sys/class/net/{d.Name}/operstate") is { } state
                ? state.Trim() == "up" ? 1 : 0
                : null);
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
                var name = $"{protocol}_{field}";
                if (Protocols.Contains(name))
                {
                    One(text, $"node_netstat_{name}", "untyped", $"Statistic {protocol}{field}.", Number(number));
                }
            }
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
