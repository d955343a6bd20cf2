using System.ComponentModel;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>What was mounted for pods.</summary>
public static class Mounts
{
    private const int TimedOut = 110;

    /// <summary>How long a server may take to let go of what it exports; upstream's for NFS.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>From the gentlest on.</summary>
    private static readonly UnmountMode[] Modes = [UnmountMode.Plain, UnmountMode.Forced, UnmountMode.Lazy];

    /// <summary>
    /// Unmounts everything below a directory, newest first. One that is busy does not keep the others; it is thrown in
    /// the end.
    /// </summary>
    /// <param name="directory">Whatever is mounted below it goes.</param>
    /// <param name="time">Measures the patience with servers that do not answer.</param>
    /// <param name="cancellationToken">Ends the wait for them.</param>
    /// <param name="spared">Directories below which all stays.</param>
    public static async Task UnmountBelowAsync(
        string directory, TimeProvider time, CancellationToken cancellationToken, params IReadOnlyList<string> spared)
    {
        Win32Exception? busy = null;
        var mounted = MountPoints.FileSystems().ToList();
        var kept = spared.SelectMany(s => MountPoints.AtOrBelow(s, mounted)).ToHashSet();
        foreach (var found in MountPoints.Below(directory, mounted).Where(f => !kept.Contains(f)).Reverse())
        {
            var point = found.Path;
            try
            {
                if (IsRemote(found))
                {
                    await UnmountRemoteAsync(mode => Linux.Unmount(point, mode), time, cancellationToken);
                }
                else
                {
                    Linux.Unmount(point);
                }
            }
            catch (Win32Exception problem)
            {
                busy ??= problem;
            }
            catch (TimeoutException)
            {
                busy ??= new Win32Exception(TimedOut, $"unmount {point}: its server does not answer");
            }
        }

        if (busy is not null)
        {
            throw busy;
        }
    }

    /// <summary>
    /// Unmounts what a server may hold up that is away: by force when it takes too long, out of sight when that does
    /// not help. One that is busy stays. Attempts run on threads of their own, as nothing ends one that hangs but its
    /// server, or the force of the next. Throws a <see cref="TimeoutException"/> when none has come to its end.
    /// </summary>
    /// <param name="unmount">Makes an attempt.</param>
    /// <param name="time">Measures how long each may take.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task UnmountRemoteAsync(
        Action<UnmountMode> unmount, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (var mode in Modes)
        {
            try
            {
                await Task.Factory
                    .StartNew(
                        () => unmount(mode), CancellationToken.None, TaskCreationOptions.LongRunning,
                        TaskScheduler.Default)
                    .WaitAsync(Patience, time, cancellationToken);
                return;
            }
            catch (TimeoutException) when (mode != UnmountMode.Lazy)
            {
                // The next one does more.
            }
            catch (Win32Exception) when (mode == UnmountMode.Forced)
            {
                // To the force, what still hangs is a user: the last one does not mind.
            }
        }
    }

    private static bool IsRemote(MountedFileSystem mounted) => mounted.Type.StartsWith("nfs", StringComparison.Ordinal);
}
