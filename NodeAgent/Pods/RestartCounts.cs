using System.Globalization;
using System.Text.RegularExpressions;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>How often a container was started before, also where the runtime does not know it any more.</summary>
public static partial class RestartCounts
{
    /// <summary>
    /// What the status says: it never goes down, although a runtime that lost its containers, and with them their logs,
    /// has none before this one.
    /// </summary>
    /// <param name="record">The newest instance.</param>
    /// <param name="before">What was told last.</param>
    public static int Told(ContainerRecord record, V1ContainerStatus? before)
    {
        var known = before?.RestartCount ?? 0;
        var isNext = record.IsRunning && before is { ContainerID.Length: > 0 }
            && before.ContainerID != $"containerd://{record.Id}" && !CountsNext(before);
        return Math.Max(isNext ? known + 1 : known, record.RestartCount);
    }

    /// <summary>An end that was told with the count of the instance to come.</summary>
    private static bool CountsNext(V1ContainerStatus before)
    {
        var ended = before.State?.Waiting is null ? before.State?.Terminated : before.LastState?.Terminated;
        return ended?.Reason is LostContainers.Reason or ContainerStatuses.RestartingAllContainers;
    }

    /// <summary>
    /// One more than the newest log says, as upstream's kubelet has it (<c>calcRestartCountByLogDir</c>): a runtime
    /// that lost its containers, by a restart of the machine for one, would otherwise begin again at 0, in the old log.
    /// </summary>
    /// <param name="podLogs">The directory of the pod's logs.</param>
    /// <param name="container">Its container.</param>
    public static int AfterLogs(string podLogs, string container)
    {
        var directory = new DirectoryInfo(Path.Combine(podLogs, container));
        return directory.Exists
            ? directory.EnumerateFiles().Select(static f => CountOf(f.Name) + 1).DefaultIfEmpty().Max()
            : 0;
    }

    /// <summary>The log files of instances before one, those that were rotated included.</summary>
    public static IEnumerable<string> LogsBefore(string podLogs, string container, int restartCount)
    {
        var directory = new DirectoryInfo(Path.Combine(podLogs, container));
        return directory.Exists
            ? directory.EnumerateFiles().Where(f => CountOf(f.Name) is >= 0 and var count && count < restartCount)
                .Select(static f => f.FullName)
            : [];
    }

    private static int CountOf(string file) =>
        LogName().Match(file) is { Success: true } match
        && int.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var count)
            ? count
            : -1;

    [GeneratedRegex(@"^(\d+)\.log(\..*)?$")]
    private static partial Regex LogName();
}
