using System.ComponentModel;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Mounts a path inside a volume. A container that owns the volume may swap parts of it for symbolic links at any
/// time; so the path is opened with the kernel's promise to stay beneath the volume, and what was opened (not its
/// name) is bind-mounted to a place of ours, which the runtime gets.
/// </summary>
public static class SubPaths
{
    private const int NotFound = 2;
    private const UnixFileMode AllBits = (UnixFileMode)0xFFF;
    private const UnixFileMode TargetMode = (UnixFileMode)0x1A4;

    /// <summary>The place of ours at which the path is mounted. Throws what the system says.</summary>
    public static string Prepare(string volumePath, string subPath, string target)
    {
        var parts = subPath.Split('/').Where(part => part is not ("" or ".")).ToList();
        if (parts.Count == 0)
        {
            return volumePath;
        }

        using var volume = Linux.OpenDirectory(volumePath);
        using var opened = Find(volume, parts) ?? Make(volume, parts);
        Bind(opened, target);
        return target;
    }

    private static SafePathHandle? Find(SafePathHandle volume, List<string> parts)
    {
        try
        {
            return Linux.OpenBeneath(volume, string.Join('/', parts), LinkRule.Beneath);
        }
        catch (Win32Exception exception) when (exception.NativeErrorCode == NotFound)
        {
            return null;
        }
    }

    /// <summary>What is missing gets the volume's own mode: who may write in the volume may write there.</summary>
    private static SafePathHandle Make(SafePathHandle volume, List<string> parts)
    {
        var mode = File.GetUnixFileMode(volume.ProcPath) & AllBits;
        for (var depth = 1; depth <= parts.Count; depth++)
        {
            using var parent = Linux.OpenBeneath(
                volume, string.Join('/', parts.Take(depth - 1).Prepend(".")), LinkRule.Beneath);
            if (Linux.MakeDirectoryAt(parent, parts[depth - 1], mode))
            {
                using var made = Linux.OpenBeneath(parent, parts[depth - 1], LinkRule.Refused);
                File.SetUnixFileMode(made.ProcPath, mode); // the process may have a umask
            }
        }

        return Linux.OpenBeneath(volume, string.Join('/', parts), LinkRule.Beneath);
    }

    /// <summary>
    /// The target is replaced when it is mounted already: the volume may have got new content since, or a directory
    /// where there was a file.
    /// </summary>
    private static void Bind(SafePathHandle opened, string target)
    {
        while (MountPoints.Contains(target))
        {
            Linux.Unmount(target, UnmountMode.Lazy);
        }

        var directory = Path.GetDirectoryName(target)!;
        OwnFiles.MakePrivate(directory);
        using var parent = HeldDirectory.Open(directory);
        FileTrees.Remove(parent, Path.GetFileName(target));
        if (Directory.Exists(opened.ProcPath))
        {
            parent.MakeDirectory(Path.GetFileName(target), OwnFiles.PrivateDirectory).Dispose();
        }
        else
        {
            parent.CreateFile(Path.GetFileName(target), [], TargetMode);
        }

        Linux.Mount(opened.ProcPath, target, "", Linux.MountBind, "");
    }
}
