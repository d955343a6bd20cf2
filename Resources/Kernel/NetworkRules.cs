using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// Rules for addresses, in upstream's words. Parsing is upstream's "sloppy" one (leading zeros in IPv4, IPv4-mapped
/// IPv6): such values stay where an object has them already, and are warned about; they are refused where they are new.
/// </summary>
public static class NetworkRules
{
    private const string IpMessage = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    private const string CidrMessage = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

    /// <summary>
    /// Parses an address as upstream does; null when it is none. IPv4-mapped addresses come back as IPv4.
    /// </summary>
    public static IPAddress? ParseSloppy(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return ParseIPv6(text);
        }

        Span<byte> bytes = stackalloc byte[4];
        var count = 0;
        foreach (var part in text.AsSpan().Split('.'))
        {
            var digits = text.AsSpan()[part];
            if (count == 4 || digits.Length == 0 || digits.ContainsAnyExceptInRange('0', '9') ||
                !byte.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out bytes[count]))
            {
                return null;
            }

            count++;
        }

        return count == 4 ? new IPAddress(bytes) : null;
    }

    /// <summary>Parses <c>address/length</c> as upstream does.</summary>
    public static (IPAddress Address, int Length)? ParseCidrSloppy(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || ParseSloppy(text[..slash]) is not { } address)
        {
            return null;
        }

        var digits = text.AsSpan(slash + 1);
        var isSix = text.AsSpan(0, slash).Contains(':');
        return digits.Length is > 0 and <= 3 && !digits.ContainsAnyExceptInRange('0', '9') &&
            int.TryParse(
                digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length <= (isSix ? 128 : 32)
            ? (address, length)
            : null;
    }

    /// <summary>
    /// The network that <c>address/length</c> names; bits beyond the length may be there. Null when it names none.
    /// </summary>
    public static IPNetwork? NetworkOf(string text) =>
        ParseCidrSloppy(text) is var (address, length) && length <= address.GetAddressBytes().Length * 8
            ? new IPNetwork(Mask(address, length), length)
            : null;

    /// <summary>The networks of a list with commas between them; null when one of them is none.</summary>
    public static IReadOnlyList<IPNetwork>? NetworksOf(string texts)
    {
        var networks = texts.Split(',').Select(NetworkOf).ToList();
        return networks.Contains(null) ? null : [.. networks.OfType<IPNetwork>()];
    }

    public static bool IsIPv6(string text) => ParseSloppy(text) is { AddressFamily: AddressFamily.InterNetworkV6 };

    /// <summary>
    /// False, and a finding, when the value is no address, or one that different programs read differently. Such a one
    /// may stay where it is already: in the same field, or in one of <paramref name="among"/>.
    /// </summary>
    public static bool ValidateIp(FieldPath path, string value, FieldErrors errors, FieldPath[]? among = null) =>
        Judge(path, value, IpComplaint(value), ParseSloppy(value) is null ? [] : among ?? [path], errors);

    /// <summary>
    /// False, and a finding, when the value is no CIDR, or one that different programs read differently. Such a one may
    /// stay as an address may.
    /// </summary>
    public static bool ValidateCidr(FieldPath path, string value, FieldErrors errors, FieldPath[]? among = null) =>
        Judge(path, value, CidrComplaint(value), ParseCidrSloppy(value) is null ? [] : among ?? [path], errors);

    /// <summary>What is wrong with an address that has to be in its usual form.</summary>
    public static IEnumerable<string> CanonicalIp(string value)
    {
        if (IpComplaint(value) is { } complaint)
        {
            yield return complaint;
        }
        else if (ParseSloppy(value)!.ToString() is var usual && usual != value)
        {
            yield return $"must be in canonical form ({GoText.Quote(usual)})";
        }
    }

    /// <summary>What is wrong with a CIDR that has to be in its usual form.</summary>
    public static IEnumerable<string> CanonicalCidr(string value)
    {
        if (CidrComplaint(value) is { } complaint)
        {
            yield return complaint;
        }
        else if (ParseCidrSloppy(value) is var (ip, length) && $"{ip}/{length}" is var usual && usual != value)
        {
            yield return $"must be in canonical form ({GoText.Quote(usual)})";
        }
    }

    /// <summary>True when one range is a part, and not the whole, of another; both parse.</summary>
    public static bool IsStrictSubset(string inner, string outer) =>
        ParseCidrSloppy(inner) is var (innerIp, innerLength) && ParseCidrSloppy(outer) is var (outerIp, outerLength)
        && innerIp.AddressFamily == outerIp.AddressFamily && innerLength > outerLength
        && Mask(innerIp, outerLength).Equals(Mask(outerIp, outerLength));

    /// <summary>The first address of the network of that many bits that an address is in.</summary>
    public static IPAddress Mask(IPAddress ip, int length)
    {
        var bytes = ip.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var bits = Math.Clamp(length - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - bits));
        }

        return new IPAddress(bytes);
    }

    /// <summary>An address that something outside its own host can be reached at.</summary>
    public static void ValidateNonSpecial(FieldPath path, string value, FieldErrors errors)
    {
        if (ParseSloppy(value) is not { } ip)
        {
            errors.Invalid(path, value, "must be a valid IP address");
            return;
        }

        if (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any))
        {
            errors.Invalid(path, value, $"may not be unspecified ({value})");
        }

        if (IPAddress.IsLoopback(ip))
        {
            errors.Invalid(path, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
        }

        var bytes = ip.GetAddressBytes();
        if (bytes is [169, 254, _, _] || ip.IsIPv6LinkLocal)
        {
            errors.Invalid(path, value, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
        }

        if (bytes is [224, 0, 0, _] || (bytes.Length == 16 && bytes[0] == 0xff && (bytes[1] & 0x0f) == 2))
        {
            errors.Invalid(path, value, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
        }
    }

    /// <summary>Warnings for an address that passed <see cref="ValidateIp"/> but is not in its usual form.</summary>
    public static IEnumerable<string> IpWarnings(FieldPath path, string value)
    {
        if (ParseSloppy(value) is not { } ip)
        {
            yield break;
        }

        if (IsMapped(value, ip) || HasLeadingZeros(value, ip))
        {
            yield return $"{path}: non-standard IP address {GoText.Quote(value)} will be considered invalid in a future Kubernetes release: " +
                $"use {GoText.Quote(ip.ToString())}";
        }
        else if (ip.AddressFamily == AddressFamily.InterNetworkV6 && ip.ToString() != value)
        {
            yield return $"{path}: IPv6 address {GoText.Quote(value)} should be in RFC 5952 canonical format ({GoText.Quote(ip.ToString())})";
        }
    }

    /// <summary>Warnings for a CIDR that passed <see cref="ValidateCidr"/> but is not in its usual form.</summary>
    public static IEnumerable<string> CidrWarnings(FieldPath path, string value)
    {
        if (ParseCidrSloppy(value) is not var (ip, length))
        {
            yield break;
        }

        var isSix = value.Contains(':', StringComparison.Ordinal);
        var isMapped = isSix && ip.AddressFamily == AddressFamily.InterNetwork;
        var network = $"{Mask(ip, isMapped ? length - 96 : length)}/{(isMapped ? length - 96 : length)}";
        var before = 0;
        if (Mask(ip, isMapped ? length - 96 : length) is var masked && !masked.Equals(ip))
        {
            before++;
            var whole = ip.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;
            yield return $"{path}: CIDR value {GoText.Quote(value)} is ambiguous in this context (should be {GoText.Quote(network)} or " +
                $"{GoText.Quote($"{ip}/{whole}")}?)";
        }

        if (isMapped || HasLeadingZeros(value[..value.IndexOf('/', StringComparison.Ordinal)], ip))
        {
            before++;
            yield return $"{path}: non-standard CIDR value {GoText.Quote(value)} will be considered invalid in a future Kubernetes release: " +
                $"use {GoText.Quote(network)}";
        }

        if (before == 0 && isSix && $"{ip}/{length}" != value)
        {
            yield return $"{path}: IPv6 CIDR value {GoText.Quote(value)} should be in RFC 5952 canonical format " +
                $"({GoText.Quote($"{ip}/{length}")})";
        }
    }

    private static string? IpComplaint(string value)
    {
        var ip = ParseSloppy(value);
        return ip is null ? IpMessage
            : HasLeadingZeros(value, ip)
                ? IsMapped(value, ip) ? "must not be an IPv4-mapped IPv6 address" : "must not have leading 0s"
            : null;
    }

    private static string? CidrComplaint(string value)
    {
        if (ParseCidrSloppy(value) is not var (ip, length))
        {
            return CidrMessage;
        }

        var slash = value.IndexOf('/', StringComparison.Ordinal);
        return IsMapped(value, ip) ? "must not have an IPv4-mapped IPv6 address"
            : HasLeadingZeros(value[..slash], ip) || (value[slash + 1] == '0' && value.Length > slash + 2)
                ? "must not have leading 0s in IP or prefix length"
            : Mask(ip, length).Equals(ip) ? null
            : "must not have bits set beyond the prefix length";
    }

    /// <summary>What an object has already stays as it is, however it is written.</summary>
    private static bool Judge(FieldPath path, string value, string? complaint, FieldPath[] among, FieldErrors errors)
    {
        if (complaint is null || Array.Exists(among, before => errors.HadBefore(before, value)))
        {
            return true;
        }

        errors.Invalid(path, value, complaint);
        return false;
    }

    private static bool IsMapped(string value, IPAddress ip) =>
        value.Contains(':', StringComparison.Ordinal) && ip.AddressFamily == AddressFamily.InterNetwork;

    private static IPAddress? ParseIPv6(string text)
    {
        // .NET takes scopes, brackets and ports too; Go does not.
        if (text.AsSpan().ContainsAny('%', '[', ']') || text.Contains('/', StringComparison.Ordinal) ||
            !IPAddress.TryParse(text, out var ip) || ip.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        return ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip;
    }

    private static bool HasLeadingZeros(string value, IPAddress ip) =>
        ip.AddressFamily == AddressFamily.InterNetwork && ip.ToString() != value;
}
