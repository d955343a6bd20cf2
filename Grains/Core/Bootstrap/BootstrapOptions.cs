using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using OrleansOrchestrator.Resources.Core.Services;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>How the API is announced inside the cluster.</summary>
public sealed class BootstrapOptions
{
    /// <summary>
    /// Addresses at which Pods reach the API; none announces the first address of this machine, of the family of the
    /// Services, that is not loopback.
    /// </summary>
    public IReadOnlyList<string> ApiAddresses { get; set; } = [];

    /// <summary>Port of the API at those addresses.</summary>
    public int ApiPort { get; set; } = 6443;

    /// <summary>
    /// True for a cluster that begins with a default StorageClass, whose volumes are directories of its nodes.
    /// </summary>
    public bool HasLocalStorage { get; set; }

    /// <summary>How often what every cluster must have is looked after.</summary>
    public TimeSpan Period { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The addresses to announce.</summary>
    /// <param name="family">That of the API's cluster address.</param>
    internal IReadOnlyList<string> EffectiveAddresses(string family) => ApiAddresses.Count != 0
        ? ApiAddresses
        : [.. OwnAddresses(
            family == ServiceKinds.IPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork).Take(1)];

    private static IEnumerable<string> OwnAddresses(AddressFamily family) => NetworkInterface.GetAllNetworkInterfaces()
        .Where(
            i => i.OperationalStatus == OperationalStatus.Up && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(i => i.GetIPProperties().UnicastAddresses)
        .Select(a => a.Address)
        .Where(a => a.AddressFamily == family && !IPAddress.IsLoopback(a) && !IsLinkLocal(a))
        .Select(a => a.ToString());

    private static bool IsLinkLocal(IPAddress address) =>
        address.IsIPv6LinkLocal || address.GetAddressBytes() is [169, 254, _, _];
}
