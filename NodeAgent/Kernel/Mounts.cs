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
    public static void UnmountBelow(string directory)
    {
        Win32Exception? busy = null;
        foreach (var point in MountPoints.Below(directory).Reverse().ToList())
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
