using k8s.Models;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>
/// What hollow nodes and their pods are said to use, as counts that grow with time, so that small clusters without
/// containers have a history, too.
/// </summary>
internal static class HollowSamples
{
    /// <summary>Larger fleets are for tests of scale, which made-up figures would only slow down.</summary>
    private const int MaxNodes = 20;

    private const double NanosPerSecond = 1e9;

    public static IEnumerable<UsageSample> Make(
        IReadOnlyCollection<string> nodes, CacheSnapshot pods, DateTimeOffset now) => nodes.Count > MaxNodes
        ? []
        : nodes.SelectMany(node => pods.WithField("spec.nodeName", node)
            .SelectMany(p => OfPod(p.As<V1Pod>(), node, now))
            .Prepend(Sample("", node, "", node, now, HollowUsage.OfNode(now).Usage)));

    private static IEnumerable<UsageSample> OfPod(V1Pod pod, string node, DateTimeOffset now) =>
        (HollowUsage.Of(pod, now)?.Containers ?? []).Select(c => Sample(
            pod.Metadata.NamespaceProperty, pod.Metadata.Name, c.Name, node, now, c.Usage));

    private static UsageSample Sample(
        string home, string name, string container, string node, DateTimeOffset now, ResourceUsage usage) => new()
    {
        Namespace = home,
        Name = name,
        Container = container,
        Node = node,
        Time = now,
        CpuSeconds = usage.CpuNanocores / NanosPerSecond * (now - DateTimeOffset.UnixEpoch).TotalSeconds,
        MemoryBytes = usage.MemoryBytes,
    };
}
