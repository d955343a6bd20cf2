namespace OrleansOrchestrator.Machine;

/// <summary>
/// Questions about mount points, answered from the kernel's own table, which knows no links: those on the way to what
/// is asked for are followed first.
/// </summary>
public static class MountPoints
{
    private const int MountPointField = 4;

    public static bool Contains(string path) => All().Contains(RealPath.OfEntry(path));

    /// <summary>Mount points at or below a directory, in the order they were mounted.</summary>
    public static IEnumerable<string> AtOrBelow(string directory)
    {
        var top = RealPath.OfEntry(directory);
        return All().Where(p => p == top || IsBelow(p, top));
    }

    /// <summary>Mount points below a directory, in the order they were mounted.</summary>
    public static IEnumerable<string> Below(string directory)
    {
        var top = RealPath.OfEntry(directory);
        return All().Where(p => IsBelow(p, top));
    }

    private static bool IsBelow(string path, string top) =>
        path.StartsWith(top.TrimEnd('/') + "/", StringComparison.Ordinal) && path != "/";

    private static IEnumerable<string> All() =>
        File.ReadLines("/proc/self/mountinfo").Select(static line => Unescape(line.Split(' ')[MountPointField]));

    /// <summary>The kernel writes space, tab, newline and backslash as octal.</summary>
    private static string Unescape(string text) => text
        .Replace("\\040", " ", StringComparison.Ordinal)
        .Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal)
        .Replace("\\134", "\\", StringComparison.Ordinal);
}
