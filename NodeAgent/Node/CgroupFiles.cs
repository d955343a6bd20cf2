using System.Globalization;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// Reading and writing of single cgroup files. A group may go at any moment: what cannot be read is not there.
/// </summary>
public static class CgroupFiles
{
    /// <summary>The hierarchy that this machine mounts. A hybrid machine keeps its controllers in version 1.</summary>
    public static ICgroupHierarchy OfThisMachine(string mount = "/sys/fs/cgroup") =>
        File.Exists(Path.Combine(mount, "cgroup.controllers")) ? new CgroupVersion2(mount) : new CgroupVersion1(mount);

    /// <summary>Writes a value; kernels without the feature have no such file.</summary>
    public static void Write(string file, FormattableString value)
    {
        if (File.Exists(file))
        {
            File.WriteAllText(file, FormattableString.Invariant(value));
        }
    }

    /// <summary>
    /// Writes limits of huge pages for each size that the group has a file of: <c>hugetlb.2MB.max</c>. Where the kernel
    /// counts reservations by themselves, those are held to the same.
    /// </summary>
    /// <param name="group">Directory of the group; nothing is written when there is none.</param>
    /// <param name="limit">How the version calls the file.</param>
    /// <param name="bytes">By the size of a page; a size that is missing is 0.</param>
    public static void SetHugePageLimits(string group, string limit, IReadOnlyDictionary<string, long> bytes)
    {
        const string before = "hugetlb.";
        var sizes = Directory.Exists(group)
            ? Directory.EnumerateFiles(group, $"{before}*.{limit}")
                .Select(file => Path.GetFileName(file)[before.Length..^(limit.Length + 1)])
                .Where(static size => !size.Contains('.', StringComparison.Ordinal)).ToList()
            : [];
        foreach (var size in sizes)
        {
            var most = bytes.GetValueOrDefault(size);
            Write($"{group}/{before}{size}.{limit}", $"{most}");
            Write($"{group}/{before}{size}.rsvd.{limit}", $"{most}");
        }
    }

    public static string? Text(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A file that holds one number; null when it is missing, and for <c>max</c>.</summary>
    public static ulong? Number(string file) => Parse(Text(file));

    /// <summary>A file of lines <c>name value</c>.</summary>
    public static Dictionary<string, ulong> Table(string file)
    {
        var table = new Dictionary<string, ulong>(StringComparer.Ordinal);
        foreach (var line in (Text(file) ?? "").Split('\n'))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && Parse(line[space..]) is { } value)
            {
                table[line[..space]] = value;
            }
        }

        return table;
    }

    public static ulong? Get(this IReadOnlyDictionary<string, ulong> table, string name) =>
        table.TryGetValue(name, out var value) ? value : null;

    public static IReadOnlyList<int> Processes(string file) => [
        .. (Text(file) ?? "").Split('\n').Select(
            line => int.TryParse(line, CultureInfo.InvariantCulture, out var id) ? id : 0).Where(id => id > 0)];

    public static IReadOnlyList<string> Children(string directory)
    {
        try
        {
            return [.. new DirectoryInfo(directory).EnumerateDirectories().Select(d => d.Name)];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>
    /// The kernel removes a group's files with it: only directories are to be removed, the deepest first.
    /// </summary>
    public static bool RemoveTree(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return true;
        }

        foreach (var child in Children(directory))
        {
            RemoveTree(Path.Combine(directory, child));
        }

        return Linux.RemoveDirectory(directory);
    }

    /// <summary>What is in use and cannot be given up at once.</summary>
    public static ulong? WorkingSet(ulong? used, ulong? inactiveFile) =>
        used is not { } bytes ? null : bytes - Math.Min(bytes, inactiveFile ?? 0);

    /// <summary>Null for what is not a number, such as <c>max</c>.</summary>
    public static ulong? Parse(string? text) =>
        ulong.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
