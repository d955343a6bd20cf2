using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>A network of IPv4, with or without one of IPv6 beside it; as text with a comma between them.</summary>
/// <param name="Four">The primary one.</param>
/// <param name="Six">The secondary one; null for none.</param>
public sealed record DualNetwork(IPNetwork Four, IPNetwork? Six)
{
    /// <summary>Null for a text that is no network of IPv4 with or without one of IPv6 behind it.</summary>
    public static DualNetwork? Parse(string text) => NetworkRules.NetworksOf(text) switch
    {
        [{ BaseAddress.AddressFamily: AddressFamily.InterNetwork } four] => new(four, null),
        [
            { BaseAddress.AddressFamily: AddressFamily.InterNetwork } four,
            { BaseAddress.AddressFamily: AddressFamily.InterNetworkV6 } six,
        ] => new(four, six),
        _ => null,
    };

    public override string ToString() =>
        Six is null ? Four.ToString() : string.Create(CultureInfo.InvariantCulture, $"{Four},{Six}");
}
