using System.ComponentModel;
using System.Security.Cryptography;
using OrleansOrchestrator.Machine;

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
    /// What a directory takes on its disk, as <c>du</c> counts; what is gone or unreadable counts nothing, and so does
    /// what is beyond the bound.
    /// </summary>
    public static DiskAmount UsageOf(string directory, long maxEntries = long.MaxValue)
    {
        var sum = default(DiskAmount);
        try
        {
            using var root = HeldDirectory.Open(directory);
            var pending = new Stack<string>(["."]);
            while (pending.TryPop(out var relative))
            {
                sum += UsageOf(root, relative, maxEntries - sum.Inodes, pending);
            }
        }
        catch (Exception gone) when (gone is IOException or Win32Exception or UnauthorizedAccessException)
        {
            return sum;
        }

        return sum;
    }

    /// <summary>
    /// Removes a directory with all that is in it. Never goes through a mount point: it throws instead, and what is
    /// mounted is untouched. Whatever is nested is moved up to the top before it is emptied, so no depth matters.
    /// </summary>
    public static void Delete(string directory)
    {
        if (MountPoints.AtOrBelow(directory).FirstOrDefault() is { } point)
        {
            throw new IOException($"{point} is still mounted, so {directory} is not removed");
        }

        if (Directory.Exists(directory))
        {
            using var parent = HeldDirectory.Open(Path.GetDirectoryName(directory)!);
            Remove(parent, Path.GetFileName(directory));
        }
    }

    /// <summary>
    /// Removes what a directory has under that name, whatever it is; nothing is done when it is gone.
    /// </summary>
    public static void Remove(HeldDirectory parent, string name)
    {
        if (Linux.Unlink(parent.PathOf(name)))
        {
            return;
        }

        using (var directory = Open(parent, name))
        {
            Empty(directory);
        }

        if (!Linux.RemoveDirectory(parent.PathOf(name)))
        {
            throw new IOException($"{name} cannot be removed: it is in use or was filled again");
        }
    }

    private static DiskAmount UsageOf(HeldDirectory root, string relative, long maxEntries, Stack<string> pending)
    {
        var sum = default(DiskAmount);
        try
        {
            using var directory = root.OpenOnSameMount(relative);
            foreach (var entry in directory.Entries().TakeWhile(_ => sum.Inodes < maxEntries))
            {
                sum += new DiskAmount(Linux.BytesOnDisk(directory.PathOf(entry.Name)), 1);
                if (entry.IsDirectory)
                {
                    pending.Push(relative == "." ? entry.Name : $"{relative}/{entry.Name}");
                }
            }
        }
        catch (Exception gone) when (gone is IOException or Win32Exception or UnauthorizedAccessException)
        {
            return sum; // it changes while we look: the next round sees it
        }

        return sum;
    }

    private static void Empty(HeldDirectory root)
    {
        var prefix = ".gone-" + RandomNumberGenerator.GetHexString(16);
        var moved = 0L;
        bool more;
        do
        {
            more = false;
            foreach (var entry in root.Entries())
            {
                more = true;
                if (Linux.Unlink(root.PathOf(entry.Name)))
                {
                    continue;
                }

                using (var child = Open(root, entry.Name))
                {
                    MoveUp(child, () => root.PathOf($"{prefix}-{moved++}"));
                }

                if (!Linux.RemoveDirectory(root.PathOf(entry.Name)))
                {
                    throw new IOException($"{entry.Name} cannot be removed: it is in use");
                }
            }
        }
        while (more);
    }

    /// <summary>Empties a directory: files go, directories get a new name further up.</summary>
    private static void MoveUp(HeldDirectory directory, Func<string> newName)
    {
        foreach (var entry in directory.Entries())
        {
            if (!Linux.Unlink(directory.PathOf(entry.Name)))
            {
                Linux.Rename(directory.PathOf(entry.Name), newName());
            }
        }
    }

    private static HeldDirectory Open(HeldDirectory root, string name)
    {
        try
        {
            return root.OpenOnSameMount(name);
        }
        catch (Win32Exception error) when (error.NativeErrorCode == CrossesMount)
        {
            throw new IOException($"{name} is a mount point: nothing is removed through it", error);
        }
    }
}
