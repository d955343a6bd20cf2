using System.ComponentModel;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>What was mounted for pods.</summary>
public static class Mounts
{
    /// <summary>
    /// Unmounts everything below a directory, newest first. One that is busy does not keep the others; it is thrown in
    /// the end.
    /// </summary>
    /// <param name="directory">Whatever is mounted below it goes.</param>
    /// <param name="spared">Directories below which all stays.</param>
    public static void UnmountBelow(string directory, params IReadOnlyList<string> spared)
    {
        Win32Exception? busy = null;
        var kept = spared.SelectMany(MountPoints.AtOrBelow).ToHashSet(StringComparer.Ordinal);
        foreach (var point in MountPoints.Below(directory).Where(p => !kept.Contains(p)).Reverse().ToList())
        {
            try
            {
                Linux.Unmount(point);
            }
            catch (Win32Exception problem)
            {
                busy ??= problem;
            }
        }

        if (busy is not null)
        {
            throw busy;
        }
    }
}
