using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.Interfaces.Core.Services;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Services;

/// <summary>
/// The cluster addresses and node ports that Services may have. Both ranges begin with a static band: automatic
/// allocation turns to it last, so that people can choose low numbers without clashes.
/// </summary>
public sealed class ServiceAddressRange
{
    private const int MinLength = 12;
    private const int MaxLength = 30;
    private const int MinIpBand = 16;
    private const int MaxIpBand = 256;
    private const int IpBandStep = 16;
    private const int MinPortBand = 16;
    private const int MaxPortBand = 128;
    private const int PortBandStep = 32;

    private readonly uint _network;

    /// <summary>Takes an IPv4 network such as <c>10.96.0.0/16</c>, and the first and last node port.</summary>
    public ServiceAddressRange(string cidr, int firstNodePort, int lastNodePort)
    {
        if (NetworkRules.ParseCidrSloppy(cidr) is not (var address, var length) || address.GetAddressBytes() is not { Length: 4 } bytes ||
            length is < MinLength or > MaxLength)
        {
            throw new ArgumentException(
                $"The service range must be an IPv4 network of 12 to 30 bits, not '{cidr}'.", nameof(cidr));
        }

        Size = 1 << (32 - length);
        _network = ToNumber(bytes) & ~(uint)(Size - 1);
        Cidr = $"{ToAddress(0)}/{length}";
        FirstNodePort = firstNodePort;
        LastNodePort = lastNodePort;
    }

    /// <summary>
    /// A further network for the same node ports, as a ServiceCIDR names one; null for what cannot be given out of,
    /// networks of the other family among them.
    /// </summary>
    public ServiceAddressRange? Further(string cidr) =>
        NetworkRules.ParseCidrSloppy(cidr) is ({ AddressFamily: AddressFamily.InterNetwork },
            >= MinLength and <= MaxLength)
            ? new ServiceAddressRange(cidr, FirstNodePort, LastNodePort)
            : null;

    /// <summary>Upstream's defaults.</summary>
    public static ServiceAddressRange Default { get; } = new("10.96.0.0/16", 30000, 32767);

    public string Cidr { get; }

    /// <summary>All addresses, the network's and the broadcast address included.</summary>
    public int Size { get; }

    public int FirstNodePort { get; }

    public int LastNodePort { get; }

    /// <summary>Offset of the first address that automatic allocation prefers.</summary>
    public int DynamicIpStart => Math.Min(Band(Size, MinIpBand, MaxIpBand, IpBandStep) + 1, Size - 1);

    /// <summary>The first node port that automatic allocation prefers.</summary>
    public int DynamicNodePortStart =>
        Math.Min(
            FirstNodePort + Band(LastNodePort - FirstNodePort + 1, MinPortBand, MaxPortBand, PortBandStep),
            LastNodePort + 1);

    /// <summary>The address of the API itself: the first one.</summary>
    public string ApiAddress => ToAddress(1);

    /// <summary>The address at an offset.</summary>
    public string ToAddress(int offset)
    {
        var number = _network + (uint)offset;
        return new IPAddress(
            [(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]).ToString();
    }

    /// <summary>The offset of an address; null when it cannot be given out.</summary>
    public int? OffsetOf(string text)
    {
        if (NetworkRules.ParseSloppy(text)?.GetAddressBytes() is not { Length: 4 } bytes)
        {
            return null;
        }

        var offset = (long)ToNumber(bytes) - _network;
        return offset > 0 && offset < Size - 1 ? (int)offset : null;
    }

    public bool ContainsNodePort(int port) => port >= FirstNodePort && port <= LastNodePort;

    private static int Band(int size, int min, int max, int step) => size < min ? 0 : Math.Clamp(size / step, min, max);

    private static uint ToNumber(byte[] bytes) =>
        ((uint)bytes[0] << 24) | ((uint)bytes[1] << 16) | ((uint)bytes[2] << 8) | bytes[3];
}

/// <summary>
/// Answers of a dry run: nothing is reserved, so wanted things are granted if they could be, and the rest is made up.
/// </summary>
public static class ServiceAddressDryRun
{
    private const int FirstPretendedPort = 32768;

    public static ServiceAddressAnswer Answer(ServiceAddressPlan plan, ServiceAddressRange range)
    {
        if (plan.ClusterIP is { Length: > 0 } wanted && range.OffsetOf(wanted) is null)
        {
            return new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.IpOutOfRange(wanted, range) };
        }

        var ports = new List<int>();
        var (taken, next) = (new HashSet<int>(), FirstPretendedPort);
        for (var i = 0; i < plan.NodePorts.Count; i++)
        {
            var port = plan.NodePorts[i];
            if (port != 0 && !taken.Add(port))
            {
                return new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.PortTaken, RefusedNodePort = i };
            }

            ports.Add(port != 0 ? port : next);
            next = Math.Max(next, ports[^1] + 1);
        }

        return new ServiceAddressAnswer { ClusterIP = plan.ClusterIP is "" ? range.ToAddress(0) : plan.ClusterIP, NodePorts = ports };
    }
}
