using System.Buffers.Binary;
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
    private const int MinLengthOfSix = 64;
    private const int MaxLengthOfSix = 126;

    /// <summary>More host bits than these are not counted: nobody uses up so many addresses.</summary>
    private const int MaxCountedBits = 62;
    private const int MostBytes = 16;
    private const int MinIpBand = 16;
    private const int MaxIpBand = 256;
    private const int IpBandStep = 16;
    private const int MinPortBand = 16;
    private const int MaxPortBand = 128;
    private const int PortBandStep = 32;

    private readonly IPNetwork _network;

    /// <summary>
    /// Takes a network such as <c>10.96.0.0/16</c>, or two of both families with a comma, the primary one first; and
    /// the first and last node port.
    /// </summary>
    public ServiceAddressRange(string cidrs, int firstNodePort, int lastNodePort)
    {
        var texts = cidrs.Split(',');
        _network = Network(texts[0]) ?? throw Unfit(cidrs);
        (FirstNodePort, LastNodePort) = (firstNodePort, lastNodePort);
        Secondary = texts.Length == 1 ? null : new ServiceAddressRange(texts[1], firstNodePort, lastNodePort);
        if (texts.Length > 2 || Secondary?.Family == Family)
        {
            throw Unfit(cidrs);
        }
    }

    /// <summary>
    /// A further network for the same node ports, as a ServiceCIDR names one; null for what cannot be given out of,
    /// networks of a family that the cluster has no range of among them.
    /// </summary>
    public ServiceAddressRange? Further(string cidr) =>
        Network(cidr) is { } network && OfFamily(FamilyOf(network)) is not null
            ? new ServiceAddressRange(network.ToString(), FirstNodePort, LastNodePort)
            : null;

    /// <summary>Upstream's defaults.</summary>
    public static ServiceAddressRange Default { get; } = new("10.96.0.0/16", 30000, 32767);

    public string Cidr => _network.ToString();

    /// <summary>The range of the other family; null on a cluster that has one family alone.</summary>
    public ServiceAddressRange? Secondary { get; }

    /// <summary>This range and the secondary one.</summary>
    public IReadOnlyList<string> Cidrs => Secondary is null ? [Cidr] : [Cidr, Secondary.Cidr];

    /// <summary><c>IPv4</c> or <c>IPv6</c>.</summary>
    public string Family => FamilyOf(_network);

    /// <summary>
    /// All addresses, the network's and the broadcast address included; of IPv6 no more than are ever counted.
    /// </summary>
    public long Size => 1L << Math.Min(Width(_network) - _network.PrefixLength, MaxCountedBits);

    /// <summary>Offset behind the last address that can be given out; IPv6 has no broadcast address.</summary>
    public long EndOffset => Family == ServiceKinds.IPv6 ? Size : Size - 1;

    public int FirstNodePort { get; }

    public int LastNodePort { get; }

    /// <summary>Offset of the first address that automatic allocation prefers.</summary>
    public long DynamicIpStart => Math.Min(Band(Size, MinIpBand, MaxIpBand, IpBandStep) + 1, Size - 1);

    /// <summary>The first node port that automatic allocation prefers.</summary>
    public int DynamicNodePortStart =>
        Math.Min(
            FirstNodePort + (int)Band(LastNodePort - FirstNodePort + 1, MinPortBand, MaxPortBand, PortBandStep),
            LastNodePort + 1);

    /// <summary>The address of the API itself: the first one.</summary>
    public string ApiAddress => ToAddress(1);

    /// <summary>The range of a family; null when the cluster has none.</summary>
    public ServiceAddressRange? OfFamily(string family) =>
        family == Family ? this : family == Secondary?.Family ? Secondary : null;

    /// <summary>The address at an offset.</summary>
    public string ToAddress(long offset)
    {
        Span<byte> bytes = stackalloc byte[MostBytes];
        var own = bytes[^(Width(_network) / 8)..];
        _network.BaseAddress.TryWriteBytes(own, out _);
        BinaryPrimitives.WriteUInt128BigEndian(bytes, BinaryPrimitives.ReadUInt128BigEndian(bytes) + (ulong)offset);
        return new IPAddress(own).ToString();
    }

    /// <summary>Whether an address of this range can be given out.</summary>
    public bool Contains(string text) =>
        NetworkRules.ParseSloppy(text) is { } address && _network.Contains(address)
        && !address.Equals(_network.BaseAddress)
        && (Family == ServiceKinds.IPv6 || address.ToString() != ToAddress(Size - 1));

    public bool ContainsNodePort(int port) => port >= FirstNodePort && port <= LastNodePort;

    private static long Band(long size, int min, int max, int step) =>
        size < min ? 0 : Math.Clamp(size / step, min, max);

    private static string FamilyOf(IPNetwork network) =>
        network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 ? ServiceKinds.IPv6 : ServiceKinds.IPv4;

    private static int Width(IPNetwork network) => network.BaseAddress.GetAddressBytes().Length * 8;

    /// <summary>A network of a size that Services may have; its text may have bits beyond the prefix.</summary>
    private static IPNetwork? Network(string cidr) => NetworkRules.NetworkOf(cidr) is { } network
        && (FamilyOf(network) == ServiceKinds.IPv4
            ? network.PrefixLength is >= MinLength and <= MaxLength
            : network.PrefixLength is >= MinLengthOfSix and <= MaxLengthOfSix)
        ? network
        : null;

    private static ArgumentException Unfit(string cidrs) => new(
        "The service range must be an IPv4 network of 12 to 30 bits, an IPv6 network of 64 to 126 bits, or one of "
            + $"each, not '{cidrs}'.",
        nameof(cidrs));
}
