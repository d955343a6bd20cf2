using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>IP addresses and ranges of them.</summary>
internal static class AddressLibrary
{
    private static readonly CelType IpType = CelType.Opaque("net.IP");
    private static readonly CelType CidrType = CelType.Opaque("net.CIDR");

    public static CelLibrary Library { get; } = new()
    {
        Types = [IpType, CidrType],
        Functions =
        [
            CelFunction.Of("ip",
                ("string_to_ip", "(string) net.IP", static a => ToIp(a[0].AsString)),
                ("cidr_ip", "net.CIDR.() net.IP", static a => CelValue.Of(new Ip(RangeOf(a[0]).Address)))),
            CelFunction.Of("isIP", ("is_ip", "(string) bool", static a => CelValue.Of(!ToIp(a[0].AsString).IsError))),
            CelFunction.Of("ip.isCanonical", ("ip_is_canonical", "(string) bool", static a =>
                ToIp(a[0].AsString) is { IsError: false } ip ? CelValue.Of(ip.ToString() == a[0].AsString)
                    : ToIp(a[0].AsString))),
            CelFunction.Of("string",
                ("ip_to_string", "(net.IP) string", static a => CelValue.Of(a[0].ToString())),
                ("cidr_to_string", "(net.CIDR) string", static a => CelValue.Of(a[0].ToString()))),
            CelFunction.Of("family", ("family", "net.IP.() int", static a =>
                CelValue.Of(AddressOf(a[0]).AddressFamily == AddressFamily.InterNetwork ? 4L : 6L))),
            Is("isUnspecified", static (_, b) => b.All(static x => x == 0)),
            Is("isLoopback", static (ip, _) => IPAddress.IsLoopback(ip)),
            Is("isLinkLocalMulticast", static (_, b) => IsLocalMulticast(b)),
            Is("isLinkLocalUnicast", static (_, b) => IsLocalUnicast(b)),
            Is("isGlobalUnicast", static (ip, b) => !IPAddress.IsLoopback(ip) && !b.All(static x => x == 0)
                && !IsMulticast(b) && !IsLocalUnicast(b) && !(b.Length == 4 && b.All(static x => x == 255))),
            CelFunction.Of("cidr", ("string_to_cidr", "(string) net.CIDR", static a => ToCidr(a[0].AsString))),
            CelFunction.Of("isCIDR", ("is_cidr", "(string) bool", static a =>
                CelValue.Of(!ToCidr(a[0].AsString).IsError))),
            CelFunction.Of("containsIP",
                ("cidr_contains_ip_string", "net.CIDR.(string) bool", static a =>
                    ToIp(a[1].AsString) is { IsError: false } ip ? ContainsIp(a[0], ip) : ToIp(a[1].AsString)),
                ("cidr_contains_ip_ip", "net.CIDR.(net.IP) bool", static a => ContainsIp(a[0], a[1]))),
            CelFunction.Of("containsCIDR",
                ("cidr_contains_cidr_string", "net.CIDR.(string) bool", static a =>
                    ToCidr(a[1].AsString) is { IsError: false } range ? ContainsCidr(a[0], range)
                        : ToCidr(a[1].AsString)),
                ("cidr_contains_cidr", "net.CIDR.(net.CIDR) bool", static a => ContainsCidr(a[0], a[1]))),
            CelFunction.Of("masked", ("masked_cidr", "net.CIDR.() net.CIDR", static a =>
                CelValue.Of(RangeOf(a[0]).Masked()))),
            CelFunction.Of("prefixLength", ("prefix_length", "net.CIDR.() int", static a =>
                CelValue.Of((long)RangeOf(a[0]).Length))),
        ],
    };

    private static CelFunction Is(string name, Func<IPAddress, byte[], bool> holds) =>
        CelFunction.Of(name, ($"ip_{name}", "net.IP.() bool", a =>
            CelValue.Of(holds(AddressOf(a[0]), AddressOf(a[0]).GetAddressBytes()))));

    private static IPAddress AddressOf(in CelValue value) => ((Ip)value.AsOpaque).Address;

    private static Cidr RangeOf(in CelValue value) => (Cidr)value.AsOpaque;

    private static bool IsMulticast(byte[] b) => b.Length == 4 ? b[0] is >= 224 and < 240 : b[0] == 0xff;

    private static bool IsLocalMulticast(byte[] b) =>
        b.Length == 4 ? b[0] == 224 && b[1] == 0 && b[2] == 0 : b[0] == 0xff && (b[1] & 0x0f) == 2;

    private static bool IsLocalUnicast(byte[] b) =>
        b.Length == 4 ? b[0] == 169 && b[1] == 254 : b[0] == 0xfe && (b[1] & 0xc0) == 0x80;

    /// <summary>Without a zone, and not an IPv4 address in disguise.</summary>
    private static CelValue ToIp(string text) => AddressText.Parse(text, out var hasZone, out var complaint) switch
    {
        null => CelValue.OfError($"IP Address \"{text}\" parse error during conversion from string: {complaint}"),
        _ when hasZone => CelValue.OfError($"IP address \"{text}\" with zone value is not allowed"),
        { IsIPv4MappedToIPv6: true } => CelValue.OfError(Mapped(text)),
        var address => CelValue.Of(new Ip(address)),
    };

    private static string Mapped(string text) => $"IPv4-mapped IPv6 address \"{text}\" is not allowed";

    /// <summary>Upstream says twice where it went wrong.</summary>
    private static CelValue ToCidr(string text)
    {
        const string Failed = "network address parse error during conversion from string: ";
        return ParseCidr(text, out var complaint) is not { } range
            ? CelValue.OfError($"{Failed}{Failed}netip.ParsePrefix(\"{text}\"): {complaint}")
            : range.Address.IsIPv4MappedToIPv6 ? CelValue.OfError(Failed + Mapped(text))
            : CelValue.Of(range);
    }

    private static Cidr? ParseCidr(string text, out string complaint)
    {
        var slash = text.LastIndexOf('/');
        if (slash < 0)
        {
            complaint = "no '/'";
            return null;
        }

        if (AddressText.Parse(text[..slash], out var hasZone, out complaint) is not { } address)
        {
            return null;
        }

        var bits = text[(slash + 1)..];
        var isNumber = int.TryParse(bits, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && (bits.Length == 1 || bits[0] != '0');
        complaint = hasZone ? "IPv6 zones cannot be present in a prefix"
            : !isNumber ? $"bad bits after slash: \"{bits}\""
            : length > address.GetAddressBytes().Length * 8 ? "prefix length out of range"
            : "";
        return complaint.Length == 0 ? new Cidr(address, length) : null;
    }

    private static CelValue ContainsIp(in CelValue range, in CelValue ip) =>
        CelValue.Of(RangeOf(range).Holds(AddressOf(ip)));

    private static CelValue ContainsCidr(in CelValue range, in CelValue other) => CelValue.Of(
        RangeOf(range).Length <= RangeOf(other).Length && RangeOf(range).Holds(RangeOf(other).Address));

    private sealed class Ip(IPAddress address) : CelOpaque, IEquatable<Ip>
    {
        public IPAddress Address { get; } = address;

        public override CelType Type => IpType;

        public override long CostSize => Address.GetAddressBytes().Length;

        public bool Equals(Ip? other) => other is not null && Address.Equals(other.Address);

        public override bool Equals(object? obj) => Equals(obj as Ip);

        public override int GetHashCode() => Address.GetHashCode();

        public override string ToString() => AddressText.Print(Address);
    }

    private sealed class Cidr(IPAddress address, int length) : CelOpaque, IEquatable<Cidr>
    {
        public IPAddress Address { get; } = address;

        public int Length { get; } = length;

        public override CelType Type => CidrType;

        public override long CostSize => (Length + 7) / 8;

        public Cidr Masked() => new(new IPAddress(Mask(Address.GetAddressBytes())), Length);

        public bool Holds(IPAddress other)
        {
            var bytes = other.GetAddressBytes();
            return bytes.Length == Address.GetAddressBytes().Length
                && Mask(bytes).AsSpan().SequenceEqual(Mask(Address.GetAddressBytes()));
        }

        public bool Equals(Cidr? other) => other is not null && Length == other.Length && Address.Equals(other.Address);

        public override bool Equals(object? obj) => Equals(obj as Cidr);

        public override int GetHashCode() => HashCode.Combine(Address, Length);

        public override string ToString() =>
            $"{AddressText.Print(Address)}/{Length.ToString(CultureInfo.InvariantCulture)}";

        private byte[] Mask(byte[] bytes)
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                var kept = Math.Clamp(Length - (i * 8), 0, 8);
                bytes[i] &= (byte)(0xff << (8 - kept));
            }

            return bytes;
        }
    }
}
