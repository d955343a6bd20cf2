using System.ComponentModel;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>Questions about mount points, answered from the kernel's own table.</summary>
public static class Mounts
{
    private const int MountPointField = 4;

    public static bool IsMountPoint(string path) => Points().Contains(path);

    /// <summary>Mount points at or below a directory, in the order they were mounted.</summary>
    public static IEnumerable<string> Below(string directory)
    {
        var top = directory.TrimEnd('/');
        return Points().Where(p => p == top || p.StartsWith(top + "/", StringComparison.Ordinal));
    }

    /// <summary>
    /// Unmounts everything below a directory, newest first. One that is busy does not keep the others; it is thrown in
    /// the end.
    /// </summary>
    public static void UnmountBelow(string directory)
    {
        Win32Exception? busy = null;
        foreach (var point in Below(directory).Where(p => p != directory.TrimEnd('/')).Reverse().ToList())
        {
            try
            {
                Linux.Unmount(point);
            }
            catch (Win32Exception problem)
            {
                busy ??= problem;
            }
        }

        if (busy is not null)
        {
            throw busy;
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
