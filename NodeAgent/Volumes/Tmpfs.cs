namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>File systems in memory: what lies in them is not to come to a disk, whoever else may swap.</summary>
public static class Tmpfs
{
    private const string Option = "noswap";
    private const string AllUsers = "4294967295";

    /// <summary>Kernels before know no such option.</summary>
    private static readonly Version Since = new(6, 4);

    /// <summary>
    /// The option that keeps one out of the swap; empty where the kernel has none, or not for this process.
    /// </summary>
    public static string NoSwap { get; } = OptionOf(
        Environment.OSVersion.Version, File.ReadAllText("/proc/self/uid_map"));

    /// <param name="kernel">The kernel's version.</param>
    /// <param name="users">The agent's own map of user ids: in a user namespace the kernel refuses the option.</param>
    public static string OptionOf(Version kernel, string users) =>
        kernel >= Since && users.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries) is ["0", "0", AllUsers]
            ? Option : "";
}
