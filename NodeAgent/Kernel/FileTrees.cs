using System.ComponentModel;
using System.IO.Enumeration;
using System.Security.Cryptography;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>Space and files on a disk.</summary>
public readonly record struct DiskAmount(long Bytes, long Inodes)
{
    public static DiskAmount operator +(DiskAmount a, DiskAmount b) => new(a.Bytes + b.Bytes, a.Inodes + b.Inodes);
}

/// <summary>
/// Measuring and removing directories that others fill. Their owners may make them as deep as they like, put links
/// anywhere and change them while we look; and below one of them may be mounted what is not ours to touch.
/// </summary>
public static class FileTrees
{
    private const int CrossesMount = 18;

    /// <summary>
    /// What a directory takes on its disk, as <c>du</c> counts; what is gone or unreadable counts nothing.
    /// </summary>
    public static DiskAmount UsageOf(string directory)
    {
        var sum = default(DiskAmount);
        try
        {
            var options = new EnumerationOptions
            {
                RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true,
            };
            var paths = new FileSystemEnumerable<string>(directory, (ref entry) => entry.ToFullPath(), options)
            {
                ShouldRecursePredicate = (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
            };
            foreach (var path in paths)
            {
                sum += new DiskAmount(Linux.BytesOnDisk(path), 1);
            }
        }
        catch (IOException)
        {
            return sum; // it changes while we look: the next round sees it
        }

        return sum;
    }

    /// <summary>
    /// Removes a directory with all that is in it. Never goes through a mount point: it throws instead, and what is
    /// mounted is untouched. Whatever is nested is moved up to the top before it is emptied, so no depth matters.
    /// </summary>
    public static void Delete(string directory)
    {
        if (Mounts.Below(directory).FirstOrDefault() is { } point)
        {
            throw new IOException($"{point} is still mounted, so {directory} is not removed");
        }

        if (!Directory.Exists(directory))
        {
            return;
        }

        using (var root = Linux.OpenDirectory(directory))
        {
            Empty(root);
        }

        if (!Linux.RemoveDirectory(directory))
        {
            throw new IOException($"{directory} cannot be removed: it is in use or was filled again");
        }
    }

    private static void Empty(SafePathHandle root)
    {
        var prefix = ".gone-" + RandomNumberGenerator.GetHexString(16);
        var moved = 0L;
        bool more;
        do
        {
            more = false;
            foreach (var entry in Entries(root))
            {
                more = true;
                if (!IsDirectory(entry))
                {
                    File.Delete(entry.FullName);
                    continue;
                }

                using (var child = Open(root, entry.Name))
                {
                    MoveUp(child, () => $"{root.ProcPath}/{prefix}-{moved++}");
                }

                if (!Linux.RemoveDirectory(entry.FullName))
                {
                    throw new IOException($"{entry.Name} cannot be removed: it is in use");
                }
            }
        }
        while (more);
    }

    /// <summary>Empties a directory: files go, directories get a new name further up.</summary>
    private static void MoveUp(SafePathHandle directory, Func<string> newName)
    {
        foreach (var entry in Entries(directory))
        {
            if (IsDirectory(entry))
            {
                Linux.Rename(entry.FullName, newName());
            }
            else
            {
                File.Delete(entry.FullName);
            }
        }
    }

    private static SafePathHandle Open(SafePathHandle root, string name)
    {
        try
        {
            return Linux.OpenOnSameMount(root, name);
        }
        catch (Win32Exception error) when (error.NativeErrorCode == CrossesMount)
        {
            throw new IOException($"{name} is a mount point: nothing is removed through it", error);
        }
    }

    private static IEnumerable<FileSystemInfo> Entries(SafePathHandle directory) =>
        new DirectoryInfo(directory.ProcPath + "/")
        .EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = FileAttributes.None });

    private static bool IsDirectory(FileSystemInfo entry) =>
        entry.Attributes.HasFlag(FileAttributes.Directory) && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint);
}
