namespace OrleansOrchestrator.Machine;

/// <summary>
/// Questions about mount points, answered from the kernel's own table, which knows no links: those on the way to what
/// is asked for are followed first.
/// </summary>
public static class MountPoints
{
    public static bool Contains(string path) => All().Contains(RealPath.OfEntry(path));

    /// <summary>Those of the paths that are mount points; nothing is asked of what is mounted.</summary>
    public static IEnumerable<string> Among(IEnumerable<string> paths)
    {
        var all = All().ToHashSet(StringComparer.Ordinal);
        return paths.Where(p => all.Contains(RealPath.OfEntry(p)));
    }

    /// <summary>Mount points at or below a directory, in the order they were mounted.</summary>
    public static IEnumerable<string> AtOrBelow(string directory) =>
        AtOrBelow(directory, FileSystems()).Select(static f => f.Path);

    /// <summary>Those of what was read that are mounted at or below a directory, in the same order.</summary>
    public static IEnumerable<MountedFileSystem> AtOrBelow(string directory, IEnumerable<MountedFileSystem> mounted)
    {
        var top = RealPath.OfEntry(directory);
        return mounted.Where(f => f.Path == top || IsBelow(f.Path, top));
    }

    /// <summary>Mount points below a directory, in the order they were mounted.</summary>
    public static IEnumerable<string> Below(string directory) =>
        Below(directory, FileSystems()).Select(static f => f.Path);

    /// <summary>Those of what was read that are mounted below a directory, in the same order.</summary>
    public static IEnumerable<MountedFileSystem> Below(string directory, IEnumerable<MountedFileSystem> mounted)
    {
        var top = RealPath.OfEntry(directory);
        return mounted.Where(f => IsBelow(f.Path, top));
    }

    /// <summary>What is mounted, in the order it was.</summary>
    /// <param name="table">The kernel's table; the caller's own unless given.</param>
    public static IEnumerable<MountedFileSystem> FileSystems(string table = "/proc/self/mountinfo") =>
        File.ReadLines(table).Select(Parse);

    private static bool IsBelow(string path, string top) =>
        path.StartsWith(top.TrimEnd('/') + "/", StringComparison.Ordinal) && path != "/";

    private static IEnumerable<string> All() => FileSystems().Select(static f => f.Path);

    // "26 1 254:0 / /mnt rw,noatime shared:1 - ext4 /dev/vda rw": fields before the dash may be more. The options
    // are of the place, then of the file system: that becomes read-only as a whole when its disk fails.
    private static MountedFileSystem Parse(string line)
    {
        var fields = line.Split(' ');
        var dash = Array.IndexOf(fields, "-");
        return new MountedFileSystem(
            fields[2], Unescape(fields[4]), fields[dash + 1], Unescape(fields[dash + 2]),
            fields[5].Split(',').Concat(fields[dash + 3].Split(',')).Contains("ro"));
    }

    /// <summary>The kernel writes space, tab, newline and backslash as octal.</summary>
    private static string Unescape(string text) => text
        .Replace("\\040", " ", StringComparison.Ordinal)
        .Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal)
        .Replace("\\134", "\\", StringComparison.Ordinal);
}

/// <summary>A file system where it is mounted.</summary>
/// <param name="Device"><c>major:minor</c>; the same for all places of one file system.</param>
/// <param name="Path">Where.</param>
/// <param name="Type">Such as <c>ext4</c>.</param>
/// <param name="Source">Such as <c>/dev/sda1</c>.</param>
/// <param name="IsReadOnly">Nothing can be written through this place.</param>
public sealed record MountedFileSystem(string Device, string Path, string Type, string Source, bool IsReadOnly);
