namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>Questions about mount points, answered from the kernel's own table.</summary>
public static class Mounts
{
    private const int MountPointField = 4;

    public static bool IsMountPoint(string path) => Points().Contains(path);

    /// <summary>Unmounts everything below a directory, deepest and newest first.</summary>
    public static void UnmountBelow(string directory)
    {
        var prefix = directory.TrimEnd('/') + "/";
        foreach (var point in Points().Where(p => p.StartsWith(prefix, StringComparison.Ordinal)).Reverse())
        {
            Linux.Unmount(point);
        }
    }

    /// <summary>Mount points in the order they were mounted.</summary>
    private static IEnumerable<string> Points() =>
        File.ReadLines("/proc/self/mountinfo").Select(line => Unescape(line.Split(' ')[MountPointField]));

    /// <summary>The kernel writes space, tab, newline and backslash as octal.</summary>
    private static string Unescape(string text) => text
        .Replace("\\040", " ", StringComparison.Ordinal)
        .Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal)
        .Replace("\\134", "\\", StringComparison.Ordinal);
}
