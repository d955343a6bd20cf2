namespace OrleansOrchestrator.NodeAgent.Nftables;

/// <summary>Switches of the kernel without which Services and the pods' network do not work.</summary>
public static class KernelSettings
{
    private const string Root = "/proc/sys";
    private const string Bridge = "net/bridge/bridge-nf-call-iptables";
    private const string Forwarding = "net/ipv4/ip_forward";
    private const string ForwardingOfSix = "net/ipv6/conf/all/forwarding";

    private static readonly string[] Wanted =
    [
        // Node ports on 127.0.0.1: the answer comes from a pod, over the bridge. Strangers' packets to 127/8 are
        // dropped by the rules.
        "net/ipv4/conf/all/route_localnet",

        // Pods of one bridge reach each other through Services, and as policies let them: their packets must pass the
        // same rules.
        Bridge,
    ];

    private static readonly string[] WantedOfSix = ["net/bridge/bridge-nf-call-ip6tables"];

    /// <summary>Whether the kernel can see what pods of one bridge send each other.</summary>
    public static bool BridgeIsSeen => File.Exists(Path.Combine(Root, Bridge));

    /// <summary>Switches on what Services need; a switch that the kernel does not have is left out.</summary>
    public static void Apply(IReadOnlyCollection<IpFamily> families)
    {
        Forward(families);
        SwitchOn(families.Contains(IpFamily.Six) ? [.. Wanted, .. WantedOfSix] : Wanted);
    }

    /// <summary>Has the kernel send on what is not for this machine, as pods need it.</summary>
    public static void Forward(IReadOnlyCollection<IpFamily> families) =>
        SwitchOn(families.Contains(IpFamily.Six) ? [Forwarding, ForwardingOfSix] : [Forwarding]);

    private static void SwitchOn(IEnumerable<string> switches)
    {
        foreach (var file in switches.Select(static s => Path.Combine(Root, s)))
        {
            if (File.Exists(file) && File.ReadAllText(file).Trim() != "1")
            {
                File.WriteAllText(file, "1");
            }
        }
    }
}
