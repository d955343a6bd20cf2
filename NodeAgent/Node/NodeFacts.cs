using System.Globalization;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using OrleansOrchestrator.Machine;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>What this machine is and has: read once where it does not change.</summary>
public sealed class NodeFacts
{
    private const long ReservedForEvictionBytes = 100L * 1024 * 1024;
    private const decimal EphemeralShare = 0.9m;
    private const int MilliPerUnit = 1000;

    private readonly NodeAgentOptions _options;

    public NodeFacts(NodeAgentOptions options)
    {
        _options = options;
        OwnFiles.MakePrivate(options.DataDirectory);
        MemoryCapacityBytes = MemoryInfo("MemTotal");
        Addresses = options.NodeIp.Length > 0
            ? NodeAgentOptions.Parts(options.NodeIp)
            : [DefaultAddress(options.Families[0])];
        Capacity = ComputeCapacity();
        Allocatable = ComputeAllocatable();
    }

    public long MemoryCapacityBytes { get; }

    /// <summary>What pods may have together; unlike what is allocatable, with what eviction keeps free.</summary>
    public long MemoryForPodsBytes => MemoryCapacityBytes - _options.SystemReservedMemoryBytes;

    public long MilliCpuForPods => (Environment.ProcessorCount * MilliPerUnit) - _options.SystemReservedMilliCpu;

    /// <summary>The kernel enforces AppArmor profiles.</summary>
    public bool HasAppArmor { get; } = Directory.Exists("/sys/kernel/security/apparmor")
        && File.ReadAllText("/sys/module/apparmor/parameters/enabled").StartsWith('Y');

    /// <summary>The node's addresses, the first one primary.</summary>
    public IReadOnlyList<string> Addresses { get; }

    public IDictionary<string, ResourceQuantity> Capacity { get; }

    public IDictionary<string, ResourceQuantity> Allocatable { get; }

    /// <summary>A figure of /proc/meminfo in bytes.</summary>
    public static long MemoryInfo(string name)
    {
        const int bytesPerKilobyte = 1024;
        var line = File.ReadLines("/proc/meminfo").First(l => l.StartsWith(name + ":", StringComparison.Ordinal));
        var figure = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(figure, CultureInfo.InvariantCulture) * bytesPerKilobyte;
    }

    private Dictionary<string, ResourceQuantity> ComputeCapacity() => new()
    {
        ["cpu"] = new ResourceQuantity(Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
        ["memory"] = Kibibytes(MemoryCapacityBytes),
        ["ephemeral-storage"] = Kibibytes(Linux.UsageOf(_options.DataDirectory).CapacityBytes),
        ["pods"] = new ResourceQuantity(_options.MaxPods.ToString(CultureInfo.InvariantCulture)),
        ["hugepages-2Mi"] = new ResourceQuantity("0"),
        ["hugepages-1Gi"] = new ResourceQuantity("0"),
    };

    private Dictionary<string, ResourceQuantity> ComputeAllocatable()
    {
        var milliCpu = MilliCpuForPods;
        var memory = MemoryForPodsBytes - ReservedForEvictionBytes;
        var disk = (long)(Linux.UsageOf(_options.DataDirectory).CapacityBytes * EphemeralShare);
        return new Dictionary<string, ResourceQuantity>(Capacity)
        {
            ["cpu"] = milliCpu % MilliPerUnit == 0
                ? new ResourceQuantity((milliCpu / MilliPerUnit).ToString(CultureInfo.InvariantCulture))
                : new ResourceQuantity($"{milliCpu}m"),
            ["memory"] = Kibibytes(Math.Max(0, memory)),
            ["ephemeral-storage"] = new ResourceQuantity(disk.ToString(CultureInfo.InvariantCulture)),
        };
    }

    private static ResourceQuantity Kibibytes(long bytes) =>
        new((bytes / 1024).ToString(CultureInfo.InvariantCulture) + "Ki");

    /// <summary>
    /// The address of the cluster's first family that this machine would use towards the world; no packet is sent for
    /// it.
    /// </summary>
    private static string DefaultAddress(IpFamily family)
    {
        try
        {
            using var socket = new Socket(family.Sockets, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(family == IpFamily.Six ? "2001:db8::1" : "203.0.113.1", 9);
            return ((System.Net.IPEndPoint)socket.LocalEndPoint!).Address.ToString();
        }
        catch (SocketException)
        {
            return NetworkInterface.GetAllNetworkInterfaces()
                .Where(i => i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                .SelectMany(i => i.GetIPProperties().UnicastAddresses)
                .Select(a => a.Address)
                .FirstOrDefault(a => family.Has(a) && !a.IsIPv6LinkLocal)?.ToString() ?? family.Loopback;
        }
    }
}
