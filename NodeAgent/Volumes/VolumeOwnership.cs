using System.ComponentModel;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Gives a volume to the group of its pod (fsGroup), as upstream does: all that is in it, the volume itself last, so
/// that a change that was cut off is seen and done again. Other pods may write in it meanwhile.
/// </summary>
public static class VolumeOwnership
{
    private const UnixFileMode FileBits =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private const UnixFileMode DirectoryBits =
        FileBits | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;

    /// <param name="volume">Its directory.</param>
    /// <param name="group">The pod's.</param>
    /// <param name="policy">The pod's fsGroupChangePolicy: <c>OnRootMismatch</c> spares what was given before.</param>
    public static void Give(HeldDirectory volume, long group, string? policy)
    {
        var mode = File.GetUnixFileMode(volume.ProcPath);
        var isGiven = Linux.GroupOf(volume.ProcPath) == group && mode.HasFlag(DirectoryBits);
        if (isGiven && policy == "OnRootMismatch")
        {
            return;
        }

        GiveEntries(volume, ".", group);
        volume.SetAccess(mode | DirectoryBits, group);
    }

    private static void GiveEntries(HeldDirectory volume, string top, long group)
    {
        var pending = new Stack<string>([top]);
        while (pending.TryPop(out var relative))
        {
            try
            {
                using var directory = volume.OpenOnSameMount(relative);
                foreach (var entry in directory.Entries())
                {
                    directory.Share(entry, group, FileBits, DirectoryBits);
                    if (entry.IsDirectory)
                    {
                        pending.Push($"{relative}/{entry.Name}");
                    }
                }
            }
            catch (Win32Exception error) when (relative != top && HeldDirectory.IsElsewhere(error))
            {
                continue;
            }
        }
    }
}
