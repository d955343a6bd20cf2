namespace OrleansOrchestrator.Machine;

/// <summary>Whether this machine, in our network namespace, has the newer of the two families of addresses.</summary>
public static class Ipv6
{
    private const string Addresses = "/proc/self/net/if_inet6";
    private const string Disabled = "/proc/sys/net/ipv6/conf/all/disable_ipv6";

    /// <summary>False for a kernel without IPv6, and where it is switched off.</summary>
    public static bool IsAvailable =>
        File.Exists(Addresses) && File.Exists(Disabled) && File.ReadAllText(Disabled).Trim() == "0";
}
