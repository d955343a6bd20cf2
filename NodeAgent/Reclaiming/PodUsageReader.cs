using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Reclaiming;

/// <summary>
/// Measures what pods use: memory and written layers as the runtime counts them, logs and volumes by walking them. A
/// walk costs, so it is made only for pods that are asked for.
/// </summary>
public sealed class PodUsageReader(NodeAgentOptions options, CriClient cri, PodPaths paths, Cgroups cgroups)
{
    public async Task<IReadOnlyDictionary<string, PodUsage>> ReadAsync(
        IReadOnlyList<V1Pod> wanted, CancellationToken cancellationToken)
    {
        if (wanted.Count == 0)
        {
            return new Dictionary<string, PodUsage>();
        }

        var answer = await cri.Runtime.ListContainerStatsAsync(
            new ListContainerStatsRequest(), cancellationToken: cancellationToken);
        var byPod = answer.Stats.ToLookup(
            s => s.Attributes.Labels.TryGetValue(CriLabels.PodUid, out var uid) ? uid : "");
        return wanted.Where(pod => byPod.Contains(pod.Metadata.Uid))
            .ToDictionary(pod => pod.Metadata.Uid, pod => Read(pod, byPod[pod.Metadata.Uid]));
    }

    /// <summary>
    /// What the pod's volumes use, without asking the runtime; only those that have a limit of their own.
    /// </summary>
    public PodUsage ReadLimitedVolumes(V1Pod pod) => new()
    {
        Volumes = (pod.Spec.Volumes ?? []).Where(v => v.EmptyDir is { SizeLimit: not null, Medium: not "Memory" })
            .ToDictionary(v => v.Name, v => VolumeUsage(pod, v)),
    };

    private PodUsage Read(V1Pod pod, IEnumerable<ContainerStats> stats) => new()
    {
        Containers = [.. stats.GroupBy(s => s.Attributes.Metadata.Name).Select(g => ReadContainer(pod, g.Key, g))],
        Volumes = (pod.Spec.Volumes ?? []).Where(v => v.EmptyDir is { Medium: not "Memory" })
            .ToDictionary(v => v.Name, v => VolumeUsage(pod, v)),
        Processes = (long)(cgroups.Usage(pod)?.Processes ?? 0),
    };

    private ContainerUsage ReadContainer(V1Pod pod, string name, IEnumerable<ContainerStats> instances)
    {
        var all = instances.ToList();
        return new ContainerUsage(name)
        {
            MemoryBytes = all.Sum(s => (long)(s.Memory?.WorkingSetBytes?.Value ?? 0)),
            Root = new DiskAmount(
                all.Sum(s => (long)(s.WritableLayer?.UsedBytes?.Value ?? 0)),
                all.Sum(s => (long)(s.WritableLayer?.InodesUsed?.Value ?? 0))),
            Logs = FileTrees.UsageOf(Path.Combine(options.PodLogsDirectory, pod.LogDirectoryName(), name)),
        };
    }

    private DiskAmount VolumeUsage(V1Pod pod, V1Volume volume) =>
        FileTrees.UsageOf(paths.Volume(pod.Metadata.Uid, VolumePlugins.EmptyDir, volume.Name));
}
