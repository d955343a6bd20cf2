using System.Text;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// What containers say about their ends is cut to an equal share of what one pod may say, as upstream does.
/// </summary>
public static class StatusLimits
{
    private const int MaxMessageBytes = 12 * 1024;

    public static V1PodStatus Apply(V1Pod pod, V1PodStatus status)
    {
        var share = MaxMessageBytes / Math.Max(1, pod.AllContainers().Count());
        var states = (status.ContainerStatuses ?? []).Concat(status.InitContainerStatuses ?? [])
            .Concat(status.EphemeralContainerStatuses ?? [])
            .SelectMany(static c => (V1ContainerState?[])[c.State, c.LastState]);
        foreach (var ended in states.Select(static s => s?.Terminated).OfType<V1ContainerStateTerminated>())
        {
            ended.Message = Cut(ended.Message, share);
        }

        return status;
    }

    /// <summary>No more than so many bytes, and no half a character.</summary>
    private static string? Cut(string? text, int bytes)
    {
        if (text is null || Encoding.UTF8.GetByteCount(text) <= bytes)
        {
            return text;
        }

        Encoding.UTF8.GetEncoder().Convert(text, new byte[bytes], flush: false, out var characters, out _, out _);
        return text[..characters];
    }
}
