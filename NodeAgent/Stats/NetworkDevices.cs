using System.Globalization;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>Reads the kernel's table of network devices, <c>/proc/PID/net/dev</c>.</summary>
public static class NetworkDevices
{
    // The host's ends of pods and containers are counted where the other end is; loopback is no network.
    private static readonly string[] Ignored = ["lo", "veth", "docker", "nerdctl"];
    private const int TransmitColumn = 8;
    private const int Columns = 16;

    public static IReadOnlyList<NetworkInterfaceFigures> Parse(string? table)
    {
        var devices = new List<NetworkInterfaceFigures>();
        foreach (var line in (table ?? "").Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var name = colon < 0 ? "" : line[..colon].Trim();
            var columns = line[(colon + 1)..].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (name.Length > 0
                    && columns.Length >= Columns
                    && !Ignored.Any(i => name.StartsWith(i, StringComparison.Ordinal)))
            {
                devices.Add(new NetworkInterfaceFigures(
                    name, Number(columns[0]), Number(columns[2]), Number(columns[TransmitColumn]), Number(
                        columns[TransmitColumn + 2]))
                {
                    RxPackets = Number(columns[1]),
                    RxDropped = Number(columns[3]),
                    TxPackets = Number(columns[TransmitColumn + 1]),
                    TxDropped = Number(columns[TransmitColumn + 3]),
                });
            }
        }

        return devices;
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
