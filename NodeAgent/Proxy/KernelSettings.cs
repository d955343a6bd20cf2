namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>Switches of the kernel without which Services do not work.</summary>
public static class KernelSettings
{
    private const string Root = "/proc/sys";
    private const string Bridge = "net/bridge/bridge-nf-call-iptables";

    private static readonly (string Path, string Value)[] Wanted =
    [
        ("net/ipv4/ip_forward", "1"),

        // Node ports on 127.0.0.1: the answer comes from a pod, over the bridge. Strangers' packets to 127/8 are
        // dropped by the rules.
        ("net/ipv4/conf/all/route_localnet", "1"),

        // Pods of one bridge reach each other through Services, and as policies let them: their packets must pass the
        // same rules.
        (Bridge, "1"),
    ];

    /// <summary>Whether the kernel can see what pods of one bridge send each other.</summary>
    public static bool BridgeIsSeen => File.Exists(Path.Combine(Root, Bridge));

    /// <summary>Sets what is not set; a switch that the kernel does not have is left out.</summary>
    public static void Apply()
    {
        foreach (var (path, value) in Wanted)
        {
            var file = Path.Combine(Root, path);
            if (File.Exists(file) && File.ReadAllText(file).Trim() != value)
            {
                File.WriteAllText(file, value);
            }
        }
    }
}
