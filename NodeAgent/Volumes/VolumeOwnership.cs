using System.ComponentModel;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Gives a volume to the group of its pod (fsGroup), as upstream does: all that is in it, the volume itself last, so
/// that a change that was cut off is seen and done again. Other pods may write in it meanwhile. That it takes long is
/// told after half a minute, and each minute from then on.
/// </summary>
public sealed class VolumeOwnership(EventRecorder events, TimeProvider time)
{
    private const UnixFileMode FileBits =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private const UnixFileMode DirectoryBits =
        FileBits | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;

    private static readonly TimeSpan FirstReport = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReportPeriod = TimeSpan.FromSeconds(60);

    /// <param name="volume">Its directory.</param>
    /// <param name="pod">
    /// Names the group; its fsGroupChangePolicy <c>OnRootMismatch</c> spares what was given before.
    /// </param>
    /// <param name="place">Where the pod has the volume, as people are told of it.</param>
    public void Give(HeldDirectory volume, V1Pod pod, string place)
    {
        var security = pod.Spec.SecurityContext;
        var group = security.FsGroup!.Value;
        var mode = File.GetUnixFileMode(volume.ProcPath);
        var isGiven = Linux.GroupOf(volume.ProcPath) == group && mode.HasFlag(DirectoryBits);
        if (isGiven && security.FsGroupChangePolicy == "OnRootMismatch")
        {
            return;
        }

        var report = new Report(events, pod, place);
        using (time.CreateTimer(static r => ((Report)r!).Tell(), report, FirstReport, ReportPeriod))
        {
            GiveEntries(volume, ".", group, report);
        }

        volume.SetAccess(mode | DirectoryBits, group);
    }

    private static void GiveEntries(HeldDirectory volume, string top, long group, Report report)
    {
        var pending = new Stack<string>([top]);
        while (pending.TryPop(out var relative))
        {
            try
            {
                using var directory = volume.OpenOnSameMount(relative);
                foreach (var entry in directory.Entries())
                {
                    report.Count();
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

    /// <summary>What a pod is told while its volume is being given to its group.</summary>
    private sealed class Report(EventRecorder events, V1Pod pod, string place)
    {
        private const string Advice =
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/" +
            "#configure-volume-permission-and-ownership-change-policy-for-pods";

        private long _files;
        private bool _hasBegun;

        public void Count() => Interlocked.Increment(ref _files);

        public void Tell()
        {
            var head = $"Setting volume ownership for {Shown()}";
            events.Pod(
                pod, EventRecorder.Warning, "VolumePermissionChangeInProgress",
                _hasBegun
                    ? $"{head}, processed {Interlocked.Read(ref _files)} files."
                    : $"{head} is taking longer than expected, consider using OnRootMismatch - {Advice}");
            _hasBegun = true;
        }

        /// <summary>Where nodes keep their pods is nobody's business.</summary>
        private string Shown() => place.IndexOf(pod.Metadata.Uid, StringComparison.Ordinal) is var at && at > 0
            ? place[at..] : place;
    }
}
