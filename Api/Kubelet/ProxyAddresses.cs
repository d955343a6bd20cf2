using System.Net;
using System.Net.Sockets;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Which addresses proxies may reach. Users name them (by the status of a pod or a node), and some lead into the
/// machine itself, to its cloud's secrets, or to nobody in particular; an IPv6 address that stands for such an IPv4
/// address leads there too.
/// </summary>
internal static class ProxyAddresses
{
    /// <summary>True for addresses of one host beyond this machine and its links: Go's <c>IsGlobalUnicast</c>, for what
    /// is embedded in it too.</summary>
    public static bool IsAllowed(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return IsAllowedV4(address.GetAddressBytes());
        }

        var bytes = address.GetAddressBytes();
        return address.ScopeId == 0
            && !address.IsIPv6LinkLocal
            && !address.IsIPv6Multicast
            && Embedded(bytes).All(IsAllowedV4);
    }

    // "This network", loopback, link-local, multicast, and broadcast.
    private static bool IsAllowedV4(byte[] address) =>
        address is not ([0 or 127, ..] or [169, 254, ..] or [>= 224 and <= 239, ..] or [255, 255, 255, 255]);

    private static IEnumerable<byte[]> Embedded(byte[] address) => address switch
    {
        // Compatible (with the unspecified address and loopback among them), mapped, translated.
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ..]
            or [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ..]
            or [0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, ..] => [address[12..]],

        // NAT64: the well-known prefix, and the one for local use, in which both forms are in use.
        [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ..] => [address[12..]],
        [0, 0x64, 0xff, 0x9b, 0, 1, ..] => [address[12..], [address[6], address[7], address[9], address[10]]],

        // 6to4, and Teredo: its server, and its client turned over.
        [0x20, 0x02, ..] => [address[2..6]],
        [0x20, 0x01, 0, 0, ..] => [address[4..8], [.. address[12..].Select(b => (byte)~b)]],

        // ISATAP, below any prefix.
        [_, _, _, _, _, _, _, _, 0 or 2, 0, 0x5e, 0xfe, ..] => [address[12..]],
        _ => [],
    };
}
