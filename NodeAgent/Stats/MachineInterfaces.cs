using System.Globalization;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using static OrleansOrchestrator.NodeAgent.Stats.MachineMetrics;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// Interfaces of the machine, as node_exporter tells them. The host's ends of pods are not among them:
/// <c>container_network_*</c> has them.
/// </summary>
internal static class MachineInterfaces
{
    private const double BytesPerMegabit = 125_000;

    // As the columns of /proc/net/dev stand.
    private static readonly string[] Counts =
    [
        "receive_bytes", "receive_packets", "receive_errs", "receive_drop", "receive_fifo", "receive_frame",
        "receive_compressed", "receive_multicast", "transmit_bytes", "transmit_packets", "transmit_errs",
        "transmit_drop", "transmit_fifo", "transmit_colls", "transmit_carrier", "transmit_compressed",
    ];

    private static readonly (string Name, string Type, string File, double Unit)[] Properties =
    [
        ("address_assign_type", "gauge", "addr_assign_type", 1),
        ("carrier", "gauge", "carrier", 1),
        ("carrier_changes_total", "counter", "carrier_changes", 1),
        ("carrier_down_changes_total", "counter", "carrier_down_count", 1),
        ("carrier_up_changes_total", "counter", "carrier_up_count", 1),
        ("device_id", "gauge", "dev_id", 1),
        ("dormant", "gauge", "dormant", 1),
        ("flags", "gauge", "flags", 1),
        ("iface_id", "gauge", "ifindex", 1),
        ("iface_link", "gauge", "iflink", 1),
        ("iface_link_mode", "gauge", "link_mode", 1),
        ("mtu_bytes", "gauge", "mtu", 1),
        ("name_assign_type", "gauge", "name_assign_type", 1),
        ("net_dev_group", "gauge", "netdev_group", 1),
        ("protocol_type", "gauge", "type", 1),
        ("speed_bytes", "gauge", "speed", BytesPerMegabit),
        ("transmit_queue_length", "gauge", "tx_queue_len", 1),
    ];

    public static void Write(MetricsText text, string root)
    {
        var devices = NetworkDevices.Rows(CgroupFiles.Text($"{root}/proc/net/dev")).ToList();
        for (var column = 0; column < Counts.Length; column++)
        {
            var name = $"node_network_{Counts[column]}_total";
            text.Family(name, "counter", $"Network device statistic {Counts[column]}.");
            foreach (var (device, columns) in devices)
            {
                text.Sample(name, columns[column], null, ("device", device));
            }
        }

        var directories = devices.ConvertAll(d => (d.Name, Directory: $"{root}/sys/class/net/{d.Name}"));
        text.Family("node_network_up", "gauge", "Value is 1 if operstate is 'up', 0 otherwise.");
        directories.ForEach(d => text.Sample("node_network_up", IsUp(d.Directory), null, ("device", d.Name)));
        text.Family("node_network_info", "gauge",
            "Non-numeric data from /sys/class/net/<iface>, value is always 1.");
        directories.ForEach(d => Describe(text, d.Name, d.Directory));
        foreach (var (name, type, file, unit) in Properties)
        {
            text.Family($"node_network_{name}", type, $"Network device property: {name}");
            directories.ForEach(d => text.Sample(
                $"node_network_{name}", Property($"{d.Directory}/{file}") * unit, null, ("device", d.Name)));
        }

        Bonds(text, $"{root}/sys/class/net");
    }

    private static int? IsUp(string directory) =>
        CgroupFiles.Text($"{directory}/operstate") is { } state ? state.Trim() == "up" ? 1 : 0 : null;

    private static void Describe(MetricsText text, string device, string directory)
    {
        string Of(string file) => (CgroupFiles.Text($"{directory}/{file}") ?? "").Trim();
        var admin = Property($"{directory}/flags") is not { } flags ? "unknown" : ((int)flags & 1) == 1 ? "up" : "down";
        text.Sample(
            "node_network_info", 1, null, ("device", device), ("address", Of("address")), ("adminstate", admin),
            ("broadcast", Of("broadcast")), ("duplex", Of("duplex")), ("ifalias", Of("ifalias")),
            ("operstate", Of("operstate")));
    }

    // Some are in base 16, and a speed that is not known is -1, or cannot be read.
    private static double? Property(string file)
    {
        var number = (CgroupFiles.Text(file) ?? "").Trim();
        var isHexadecimal = number.StartsWith("0x", StringComparison.Ordinal);
        var style = isHexadecimal ? NumberStyles.HexNumber : NumberStyles.None;
        return long.TryParse(number[(isHexadecimal ? 2 : 0)..], style, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
    }

    // Interfaces of several links: how many they are made of, and how many of these work.
    private static void Bonds(MetricsText text, string root)
    {
        var bonds = Words(CgroupFiles.Text($"{root}/bonding_masters") ?? "").Select(name => (
            Name: name, Links: Words(CgroupFiles.Text($"{root}/{name}/bonding/slaves") ?? ""))).ToList();
        if (bonds.Count == 0)
        {
            return;
        }

        text.Family("node_bonding_active", "gauge", "Number of active slaves per bonding interface.");
        bonds.ForEach(b => text.Sample(
            "node_bonding_active", b.Links.Count(l => Works($"{root}/{b.Name}/lower_{l}")), null, ("master", b.Name)));
        text.Family("node_bonding_slaves", "gauge", "Number of configured slaves per bonding interface.");
        bonds.ForEach(b => text.Sample("node_bonding_slaves", b.Links.Length, null, ("master", b.Name)));
    }

    private static bool Works(string link) =>
        CgroupFiles.Text($"{link}/bonding_slave/mii_status")?.Trim() == "up";
}
