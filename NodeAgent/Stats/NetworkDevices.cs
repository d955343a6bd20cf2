using System.Globalization;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>Reads the kernel's table of network devices, <c>/proc/PID/net/dev</c>.</summary>
public static class NetworkDevices
{
    // The host's ends of pods and containers are counted where the other end is; loopback is no network.
    private static readonly string[] Ignored = ["lo", "veth", "docker", "nerdctl"];
    private const int TransmitColumn = 8;
    private const int Columns = 16;

    public static IReadOnlyList<NetworkInterfaceFigures> Parse(string? table) =>
    [
        .. Rows(table).Select(static r => new NetworkInterfaceFigures(
            r.Name, r.Columns[0], r.Columns[2], r.Columns[TransmitColumn], r.Columns[TransmitColumn + 2])
        {
            RxPackets = r.Columns[1],
            RxDropped = r.Columns[3],
            TxPackets = r.Columns[TransmitColumn + 1],
            TxDropped = r.Columns[TransmitColumn + 3],
        }),
    ];

    /// <summary>Each device with all 16 columns: eight of what it received, as many of what it sent.</summary>
    public static IEnumerable<(string Name, IReadOnlyList<ulong> Columns)> Rows(string? table)
    {
        foreach (var line in (table ?? "").Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var name = colon < 0 ? "" : line[..colon].Trim();
            var columns = line[(colon + 1)..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (name.Length > 0
                    && columns.Length >= Columns
                    && !Ignored.Any(i => name.StartsWith(i, StringComparison.Ordinal)))
            {
                yield return (name, [.. columns.Take(Columns).Select(Number)]);
            }
        }
    }

    /// <summary>All interfaces, and the first of them (<c>eth0</c> where there is one) for all.</summary>
    public static NetworkFigures? Figures(IReadOnlyList<NetworkInterfaceFigures> devices, string time)
    {
        if (devices.Count == 0)
        {
            return null;
        }

        var first = devices.FirstOrDefault(d => d.Name == "eth0") ?? devices[0];
        return new NetworkFigures
        {
            Time = time, Name = first.Name, RxBytes = first.RxBytes, RxErrors = first.RxErrors,
            TxBytes = first.TxBytes, TxErrors = first.TxErrors, Interfaces = devices,
        };
    }

    private static ulong Number(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
