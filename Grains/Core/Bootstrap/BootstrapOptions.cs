using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>How the API is announced inside the cluster.</summary>
public sealed class BootstrapOptions
{
    /// <summary>
    /// Addresses at which Pods reach the API; none announces the first address of this machine that is not loopback.
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
    internal IReadOnlyList<string> EffectiveAddresses() =>
        ApiAddresses.Count != 0 ? ApiAddresses : [.. OwnAddresses().Take(1)];

    private static IEnumerable<string> OwnAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(
            i => i.OperationalStatus == OperationalStatus.Up && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(i => i.GetIPProperties().UnicastAddresses)
        .Select(a => a.Address)
        .Where(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a) && !IsLinkLocal(a))
        .Select(a => a.ToString());

    private static bool IsLinkLocal(IPAddress address) => address.GetAddressBytes() is [169, 254, _, _];
}
