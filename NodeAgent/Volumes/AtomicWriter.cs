using System.Globalization;
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
/// through <c>..data</c>. The layout is upstream's, because programs watch for the change of <c>..data</c>.
/// </summary>
public sealed class AtomicWriter(string directory, TimeProvider time)
{
    private const string DataLink = "..data";
    private const string NewDataLink = "..data_tmp";
    private const UnixFileMode DirectoryMode = (UnixFileMode)0x1ED;

    /// <summary>Makes the volume hold exactly these files, by relative path. False when it did already.</summary>
    public bool Write(IReadOnlyDictionary<string, VolumeFile> files, long? fsGroup)
    {
        foreach (var path in files.Keys)
        {
            RequireSafe(path);
        }

        var current = CurrentDirectory();
        if (current is not null && Same(Path.Combine(directory, current), files))
        {
            EnsureLinks(files.Keys);
            return false;
        }

        var fresh = WriteFresh(files, fsGroup);
        var temporary = Path.Combine(directory, NewDataLink);
        File.Delete(temporary);
        File.CreateSymbolicLink(temporary, fresh);
        Linux.Rename(temporary, Path.Combine(directory, DataLink));
        EnsureLinks(files.Keys);
        RemoveOthers(files.Keys, fresh);
        return true;
    }

    /// <summary>Paths come from users' objects: they must stay inside, and must not touch what is ours.</summary>
    private static void RequireSafe(string path)
    {
        var parts = path.Split('/');
        if (path.Length == 0
            || path[0] == '/'
            || parts.Contains("..")
            || parts.Contains("")
            || parts[0].StartsWith("..", StringComparison.Ordinal))
        {
            throw new VolumeException(
                $"invalid path: \"{path}\" must be relative, must not contain '..' and must not begin with '..'");
        }
    }

    private string? CurrentDirectory() => new FileInfo(Path.Combine(directory, DataLink)).LinkTarget is { } target
        && Directory.Exists(Path.Combine(directory, target)) ? target : null;

    private static bool Same(string root, IReadOnlyDictionary<string, VolumeFile> files)
    {
        var existing = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(root, path)).ToHashSet(StringComparer.Ordinal);
        return existing.SetEquals(files.Keys)
            && files.All(
                file => File.ReadAllBytes(Path.Combine(root, file.Key)).AsSpan().SequenceEqual(file.Value.Content));
    }

    private string WriteFresh(IReadOnlyDictionary<string, VolumeFile> files, long? fsGroup)
    {
        var stamp = time.GetUtcNow().ToString("yyyy_MM_dd_HH_mm_ss.fffffff", CultureInfo.InvariantCulture);
        var name = $"..{stamp}";
        var root = Path.Combine(directory, name);
        MakeDirectory(root, fsGroup);
        foreach (var (path, file) in files)
        {
            var target = Path.Combine(root, path);
            var parents = path.Split('/')[..^1];
            for (var depth = 1; depth <= parents.Length; depth++)
            {
                MakeDirectory(Path.Combine(root, string.Join('/', parents[..depth])), fsGroup);
            }

            File.WriteAllBytes(target, file.Content);
            SetAccess(target, file, fsGroup);
        }

        return name;
    }

    private static void MakeDirectory(string path, long? fsGroup)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        Directory.CreateDirectory(path);
        if (fsGroup is { } group)
        {
            Linux.ChangeOwner(path, -1, group);
            File.SetUnixFileMode(path, DirectoryMode | UnixFileMode.SetGroup);
        }
        else
        {
            File.SetUnixFileMode(path, DirectoryMode);
        }
    }

    private static void SetAccess(string path, VolumeFile file, long? fsGroup)
    {
        var mode = (UnixFileMode)file.Mode;
        if (fsGroup is not null)
        {
            mode |= UnixFileMode.UserRead | UnixFileMode.GroupRead;
        }

        if (fsGroup is not null || file.Uid is not null)
        {
            Linux.ChangeOwner(path, file.Uid ?? -1, fsGroup ?? -1);
        }

        File.SetUnixFileMode(path, mode);
    }

    /// <summary>The first part of every path is a link in the volume's root.</summary>
    private void EnsureLinks(IEnumerable<string> paths)
    {
        foreach (var name in TopNames(paths))
        {
            var link = new FileInfo(Path.Combine(directory, name));
            if (link.LinkTarget is null)
            {
                File.CreateSymbolicLink(link.FullName, $"{DataLink}/{name}");
            }
        }
    }

    private void RemoveOthers(IEnumerable<string> paths, string current)
    {
        var keep = TopNames(paths).Append(DataLink).Append(current).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos().Where(e => !keep.Contains(e.Name)))
        {
            if (entry is DirectoryInfo { LinkTarget: null } old)
            {
                FileTrees.Delete(old.FullName);
            }
            else
            {
                entry.Delete();
            }
        }
    }

    private static IEnumerable<string> TopNames(IEnumerable<string> paths) =>
        paths.Select(path => path.Split('/')[0]).Distinct(StringComparer.Ordinal);
}

/// <summary>A volume cannot be set up; the text goes into the FailedMount event.</summary>
public sealed class VolumeException(string message) : Exception(message);
