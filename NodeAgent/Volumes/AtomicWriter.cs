using System.ComponentModel;
using System.Globalization;
using System.Security.Cryptography;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>One file of a volume that is made of objects.</summary>
public sealed record VolumeFile(byte[] Content, int Mode)
{
    /// <summary>Owner of the file when it is not root.</summary>
    public long? Uid { get; init; }
}

/// <summary>
/// Writes a set of files into a volume so that a reader sees all of the old or all of the new, never a mixture:
/// the files go to a fresh directory, the link <c>..data</c> is renamed onto it, and every visible name is a link
/// through <c>..data</c>. The layout is upstream's, because programs watch for the change of <c>..data</c>. Containers
/// have these volumes read-only; that a container found a way to write there is reckoned with all the same.
/// </summary>
public sealed class AtomicWriter(HeldDirectory volume, TimeProvider time)
{
    private const string DataLink = "..data";
    private const string NewDataLink = "..data_tmp";
    private const string Digits = "0123456789";
    private const int RandomDigits = 10;
    private const UnixFileMode DirectoryMode = (UnixFileMode)0x1ED;

    /// <summary>What a group that shares the volume may do: read, and look into directories.</summary>
    private const UnixFileMode GroupReads = UnixFileMode.UserRead | UnixFileMode.GroupRead;
    private const UnixFileMode GroupEnters =
        GroupReads | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;

    /// <summary>The mode of a directory of such a volume: files made inside inherit the group.</summary>
    public static UnixFileMode DirectoryModeFor(UnixFileMode mode, long? fsGroup) =>
        fsGroup is null ? mode : mode | GroupEnters;

    /// <summary>Makes the volume hold exactly these files, by relative path. False when it did already.</summary>
    public bool Write(IReadOnlyDictionary<string, VolumeFile> contents, long? fsGroup)
    {
        var files = new Dictionary<string, VolumeFile>(StringComparer.Ordinal);
        foreach (var (path, file) in contents)
        {
            files[Clean(path)] = file;
        }

        var current = volume.LinkTarget(DataLink);
        var isNew = current is null || current.Contains('/', StringComparison.Ordinal) || !Holds(current, files);
        if (isNew)
        {
            current = WriteFresh(files, fsGroup);
            Publish(current, fsGroup);
        }

        EnsureLinks(files.Keys, fsGroup);
        RemoveOthers(files.Keys, current!);
        return isNew;
    }

    /// <summary>Paths come from users' objects: they must stay inside, and must not touch what is ours.</summary>
    private static string Clean(string path)
    {
        var parts = path.Split('/').Where(part => part is not ("" or ".")).ToList();
        if (parts.Count == 0
            || path[0] == '/'
            || parts.Contains("..")
            || parts[0].StartsWith("..", StringComparison.Ordinal))
        {
            throw new VolumeException(
                $"invalid path: \"{path}\" must be relative, must not contain '..' and must not begin with '..'");
        }

        return string.Join('/', parts);
    }

    /// <summary>True when a directory of the volume holds these files and nothing else.</summary>
    private bool Holds(string current, Dictionary<string, VolumeFile> files)
    {
        var names = files.Keys.SelectMany(Steps)
            .ToLookup(step => step.Directory, step => step.Name, StringComparer.Ordinal);
        try
        {
            using var root = volume.OpenDirectory(current);
            return files.All(file => root.HasContent(file.Key, file.Value.Content))
                && names.Select(group => group.Key).Append(".").All(path => HasOnly(root, path, names[path]));
        }
        catch (Exception exception) when (exception is Win32Exception or IOException)
        {
            return false;
        }
    }

    /// <summary>Each part of a path, with the directory in which it is.</summary>
    private static IEnumerable<(string Directory, string Name)> Steps(string path)
    {
        var parts = path.Split('/');
        return parts.Select((name, depth) => (depth == 0 ? "." : string.Join('/', parts[..depth]), name));
    }

    private static bool HasOnly(HeldDirectory root, string relative, IEnumerable<string> names)
    {
        using var directory = root.OpenDirectory(relative);
        return directory.Entries().Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal).IsSubsetOf(names);
    }

    private string WriteFresh(IReadOnlyDictionary<string, VolumeFile> files, long? fsGroup)
    {
        var stamp = time.GetUtcNow().ToString("yyyy_MM_dd_HH_mm_ss", CultureInfo.InvariantCulture);
        var name = $"..{stamp}.{RandomNumberGenerator.GetString(Digits, RandomDigits)}";
        using var fresh = volume.MakeDirectory(name, DirectoryModeFor(DirectoryMode, fsGroup), fsGroup);
        try
        {
            foreach (var (path, file) in files)
            {
                WriteFile(fresh, path.Split('/'), file, fsGroup);
            }
        }
        catch
        {
            FileTrees.Remove(volume, name); // else each attempt on a full disk would leave one more
            throw;
        }

        return name;
    }

    private static void WriteFile(HeldDirectory root, string[] path, VolumeFile file, long? fsGroup)
    {
        if (path is [var name])
        {
            var mode = (UnixFileMode)file.Mode;
            root.CreateFile(name, file.Content, fsGroup is null ? mode : mode | GroupReads, file.Uid, fsGroup);
            return;
        }

        using var directory = root.MakeDirectory(path[0], DirectoryModeFor(DirectoryMode, fsGroup), fsGroup);
        WriteFile(directory, path[1..], file, fsGroup);
    }

    private void Publish(string fresh, long? fsGroup)
    {
        FileTrees.Remove(volume, NewDataLink);
        volume.MakeLink(NewDataLink, fresh, fsGroup);
        if (volume.LinkTarget(DataLink) is null)
        {
            FileTrees.Remove(volume, DataLink); // nothing of ours: a link cannot replace a directory
        }

        volume.Rename(NewDataLink, DataLink);
    }

    /// <summary>The first part of every path is a link in the volume's root.</summary>
    private void EnsureLinks(IEnumerable<string> paths, long? fsGroup)
    {
        foreach (var name in TopNames(paths))
        {
            var target = $"{DataLink}/{name}";
            if (volume.LinkTarget(name) != target)
            {
                FileTrees.Remove(volume, name);
                volume.MakeLink(name, target, fsGroup);
            }
        }
    }

    private void RemoveOthers(IEnumerable<string> paths, string current)
    {
        var keep = TopNames(paths).Append(DataLink).Append(current).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in volume.Entries().Where(e => !keep.Contains(e.Name)))
        {
            FileTrees.Remove(volume, entry.Name);
        }
    }

    private static IEnumerable<string> TopNames(IEnumerable<string> paths) =>
        paths.Select(path => path.Split('/')[0]).Distinct(StringComparer.Ordinal);
}

/// <summary>A volume cannot be set up; the text goes into an event.</summary>
public sealed class VolumeException(string message) : Exception(message)
{
    /// <summary>What failed, in front of the message; empty when the message is the whole.</summary>
    public string Stage { get; init; } = "MountVolume.SetUp";

    /// <summary>The event's reason.</summary>
    public string Reason { get; init; } = "FailedMount";

    /// <summary>The node cannot have the pod: it is refused.</summary>
    public bool RejectsPod { get; init; }

    /// <summary>The pod's name of the volume; empty where the message says which ones are meant.</summary>
    public string Volume { get; init; } = "";

    /// <summary>What is wrong with other volumes of the pod.</summary>
    public IReadOnlyList<VolumeException> Further { get; set; } = [];
}
