using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent;

/// <summary>
/// The path below which pods and plugins lie. Drivers mount there what they are told, each in a file system of its own,
/// so it has to be the path that they know it by, whatever links are on the way.
/// </summary>
public static class KubeletRoot
{
    /// <summary>What drivers know unless they are told otherwise.</summary>
    public const string Standard = "/var/lib/kubelet";

    /// <param name="asked">As it was asked for; empty when it was not.</param>
    /// <param name="data">The data directory.</param>
    /// <param name="standard">What drivers know; it may be a link to the data directory.</param>
    public static string Of(string asked, string data, string standard = Standard) =>
        asked.Length > 0 ? Path.GetFullPath(asked)
        : RealPath.Of(standard) == RealPath.Of(data) ? standard
        : data;
}
