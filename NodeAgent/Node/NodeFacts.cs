using System.Globalization;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using OrleansOrchestrator.Machine;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.HugePages;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Nftables;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>What this machine is and has: read once where it does not change.</summary>
public sealed class NodeFacts
{
    private const int MilliPerUnit = 1000;

    private readonly NodeAgentOptions _options;

    public NodeFacts(NodeAgentOptions options)
        : this(options, HugePageSize.Read())
    {
    }

    /// <summary>The same with other huge pages than the machine's.</summary>
    public NodeFacts(NodeAgentOptions options, IReadOnlyList<HugePageSize> hugePages)
    {
        _options = options;
        HugePages = hugePages;
        OwnFiles.MakePrivate(options.DataDirectory);
        MemoryCapacityBytes = MemoryInfo("MemTotal");
        Addresses = options.NodeIp.Length > 0
            ? NodeAgentOptions.Parts(options.NodeIp)
            : [DefaultAddress(options.Families[0])];
        Capacity = ComputeCapacity();
        Allocatable = ComputeAllocatable();
    }

    public long MemoryCapacityBytes { get; }

    /// <summary>All that can be swapped out; 0 where swap is off.</summary>
    public long SwapCapacityBytes { get; } = MemoryInfo("SwapTotal");

    /// <summary>
    /// As they were set aside when the agent started: what is changed later counts from its next start.
    /// </summary>
    public IReadOnlyList<HugePageSize> HugePages { get; }

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

    private Dictionary<string, ResourceQuantity> ComputeCapacity()
    {
        var capacity = new Dictionary<string, ResourceQuantity>
        {
            ["cpu"] = new ResourceQuantity(Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
            ["memory"] = Kibibytes(MemoryCapacityBytes),
            ["ephemeral-storage"] = Kibibytes(Linux.UsageOf(_options.DataDirectory).CapacityBytes),
            ["pods"] = new ResourceQuantity(_options.MaxPods.ToString(CultureInfo.InvariantCulture)),
        };
        foreach (var size in HugePages)
        {
            capacity[size.Resource] = new ResourceQuantity(EvictionMessages.Text(size.Bytes, isBinary: true));
        }

        return capacity;
    }

    private Dictionary<string, ResourceQuantity> ComputeAllocatable()
    {
        var milliCpu = MilliCpuForPods;
        // Pages that are set aside are nobody's memory, whether somebody has them or not.
        var memory = MemoryForPodsBytes - KeptFree(EvictionSignal.MemoryAvailable, MemoryCapacityBytes)
            - HugePages.Sum(static s => s.Bytes);
        var disk = Linux.UsageOf(_options.DataDirectory).CapacityBytes;
        return new Dictionary<string, ResourceQuantity>(Capacity)
        {
            ["cpu"] = milliCpu % MilliPerUnit == 0
                ? new ResourceQuantity((milliCpu / MilliPerUnit).ToString(CultureInfo.InvariantCulture))
                : new ResourceQuantity($"{milliCpu}m"),
            ["memory"] = Kibibytes(Math.Max(0, memory)),
            ["ephemeral-storage"] = new ResourceQuantity(EvictionMessages.Text(
                Math.Max(0, disk - KeptFree(EvictionSignal.NodeFsAvailable, disk)), isBinary: true)),
        };
    }

    /// <summary>Pods are evicted at once below that, so none is promised it.</summary>
    private long KeptFree(EvictionSignal signal, long capacity) =>
        EvictionThreshold.KeptFree(_options.Housekeeping.Eviction.HardThresholds(), signal, capacity);

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
