using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>Where a node's own port is, by what its Node says. Pure.</summary>
internal static class NodeAddress
{
    private const int DefaultPort = 10250;

    /// <summary>
    /// The kinds of addresses in the order in which they are tried. The API server by itself begins with names; most
    /// clusters tell it to begin with addresses, as here, because a node's <c>Hostname</c> is its own word for itself,
    /// which nobody else can look up.
    /// </summary>
    private static readonly string[] PreferredTypes =
        ["InternalIP", "ExternalIP", "Hostname", "InternalDNS", "ExternalDNS"];

    /// <summary>The base address; or, in upstream's words, why there is none.</summary>
    public static Outcome<Uri> Of(V1NodeStatus? status)
    {
        var addresses = status?.Addresses ?? [];
        var port = status?.DaemonEndpoints?.KubeletEndpoint?.Port is > 0 and var given ? given : DefaultPort;
        if (port > ushort.MaxValue)
        {
            return StatusErrors.Unknown(string.Create(
                CultureInfo.InvariantCulture, $"error dialing backend: dial tcp: address {port}: invalid port"));
        }

        var found = PreferredTypes.SelectMany(type => addresses.Where(a => a.Type == type))
            .Select(a => UriOf(a.Address, port)).FirstOrDefault(uri => uri is not null);
        return found ?? (Outcome<Uri>)StatusErrors.Unknown(
            "no preferred addresses found; known addresses: "
                + $"[{string.Join(' ', addresses.Select(a => $"{{{a.Type} {a.Address}}}"))}]");
    }

    /// <summary>Null for what is no host: it could not be reached, and must not change what is asked for.</summary>
    private static Uri? UriOf(string? address, int port)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"https://{Bracketed(address)}:{port}");
        return Uri.CheckHostName(address) != UriHostNameType.Unknown
            && Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null;
    }

    private static string? Bracketed(string? address) =>
        address?.Contains(':', StringComparison.Ordinal) == true ? $"[{address}]" : address;
}
