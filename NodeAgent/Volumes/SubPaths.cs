using System.ComponentModel;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Mounts a path inside a volume. A container that owns the volume may swap parts of it for symbolic links at any
/// time; so the path is opened with the kernel's promise to stay beneath the volume, and what was opened (not its
/// name) is bind-mounted to a place of ours, which the runtime gets.
/// </summary>
public static class SubPaths
{
    private const int NewDirectoryMode = 0x1E8;

    public static string Prepare(string volumePath, string subPath, string target)
    {
        if (Path.IsPathRooted(subPath) || subPath.Split('/').Contains(".."))
        {
            throw new VolumeException($"subPath \"{subPath}\" must be relative and must not contain '..'");
        }

        var parts = subPath.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".").ToList();
        if (parts.Count == 0)
        {
            return volumePath;
        }

        try
        {
            using var opened = OpenOrMake(volumePath, parts);
            return Bind(opened, target);
        }
        catch (Win32Exception exception)
        {
            throw new VolumeException($"failed to prepare subPath \"{subPath}\": {exception.Message}");
        }
    }

    private static SafePathHandle OpenOrMake(string volumePath, List<string> parts)
    {
        const int notFound = 2;
        using var root = Linux.OpenDirectory(volumePath);
        try
        {
            return Linux.OpenBeneath(root, string.Join('/', parts));
        }
        catch (Win32Exception exception) when (exception.NativeErrorCode == notFound)
        {
            for (var depth = 0; depth < parts.Count; depth++)
            {
                using var parent = Linux.OpenBeneath(root, depth == 0 ? "." : string.Join('/', parts.Take(depth)));
                Linux.MakeDirectoryAt(parent, parts[depth], NewDirectoryMode);
            }

            return Linux.OpenBeneath(root, string.Join('/', parts));
        }
    }

    /// <summary>The target is replaced when it is mounted already: the volume may have got new content since.</summary>
    private static string Bind(SafePathHandle opened, string target)
    {
        if (Mounts.IsMountPoint(target))
        {
            Linux.Unmount(target, lazy: true);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        if (Directory.Exists(opened.ProcPath))
        {
            File.Delete(target);
            Directory.CreateDirectory(target);
        }
        else if (!File.Exists(target))
        {
            File.WriteAllBytes(target, []);
        }

        Linux.Mount(opened.ProcPath, target, "", Linux.MountBind, "");
        return target;
    }
}
