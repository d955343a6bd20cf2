using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>
/// Reads usage: CPU and memory from the cgroups, network from the kernel's tables inside the pods, writable layers from
/// the runtime. What cannot be read just now, because it ends or because the runtime is away, is left out rather than
/// guessed.
/// </summary>
public sealed class StatsReader(
    IPodRegistry pods, Cgroups cgroups, ICgroupHierarchy hierarchy, CpuRates rates, CriClient cri, TimeProvider time)
{
    private static readonly TimeSpan RuntimePatience = TimeSpan.FromSeconds(5);

    public async Task<Snapshot> ReadAsync(CancellationToken cancellationToken)
    {
        var runtime = await RuntimeStatsAsync(cancellationToken);
        var found = pods.List().Select(p => pods.FindByUid(p.Metadata.Uid)).OfType<PodEntry>().Where(
            e => e.Runtime.AnyRunning);
        return new Snapshot(
            time.GetUtcNow(), Node(), Group(cgroups.Root, null) ?? new GroupSnapshot(new CgroupUsage(), null),
            [.. found.Select(entry => Pod(entry, runtime))]);
    }

    private PodSnapshot Pod(PodEntry entry, Dictionary<string, ContainerStats> runtime)
    {
        var path = cgroups.PodPath(entry.Pod);
        var containers = entry.Runtime.Containers.Where(c => c.IsRunning)
            .Select(c => Container(c, path, runtime.GetValueOrDefault(c.Id))).ToList();
        var group = Group(path, null) ?? new GroupSnapshot(
            new CgroupUsage
            {
                CpuNanoseconds = Sum(containers, c => c.Group.Usage.CpuNanoseconds),
                WorkingSetBytes = Sum(containers, c => c.Group.Usage.WorkingSetBytes),
            },
            null);
        return new PodSnapshot(
            entry.Pod, group with { Processes = containers.Sum(static c => c.Group.Processes) },
            Network(entry, path), containers);
    }

    private ContainerSnapshot Container(ContainerRecord record, string pod, ContainerStats? stats)
    {
        var path = $"{pod}/{record.Id}";
        var group = Group(path, stats) ?? new GroupSnapshot(new CgroupUsage(), null);
        return new ContainerSnapshot(
            record,
            group with { Processes = hierarchy.Processes(path).Count },
            stats?.WritableLayer?.UsedBytes?.Value,
            stats?.WritableLayer?.InodesUsed?.Value,
            LogBytes(record.LogPath));
    }

    // A runtime that is not ours may lay out its groups otherwise: then its own figures have to do.
    private GroupSnapshot? Group(string path, ContainerStats? stats)
    {
        if (hierarchy.Usage(path) is { } usage)
        {
            return new GroupSnapshot(usage, rates.Of(path, usage.CpuNanoseconds));
        }

        return stats is null ? null : new GroupSnapshot(
            new CgroupUsage
            {
                CpuNanoseconds = stats.Cpu?.UsageCoreNanoSeconds?.Value,
                MemoryBytes = stats.Memory?.UsageBytes?.Value,
                WorkingSetBytes = stats.Memory?.WorkingSetBytes?.Value,
                RssBytes = stats.Memory?.RssBytes?.Value,
                PageFaults = stats.Memory?.PageFaults?.Value,
                MajorPageFaults = stats.Memory?.MajorPageFaults?.Value,
            },
            stats.Cpu?.UsageNanoCores?.Value);
    }

    // The unified hierarchy's root tells no memory, and neither root a limit: those are the machine's.
    private GroupSnapshot Node()
    {
        var usage = hierarchy.Usage("") ?? new CgroupUsage();
        var total = (ulong)NodeFacts.MemoryInfo("MemTotal");
        if (usage.MemoryBytes is null)
        {
            var used = total - (ulong)NodeFacts.MemoryInfo("MemFree");
            usage =
                usage with { MemoryBytes = used,
                    WorkingSetBytes = CgroupFiles.WorkingSet(used, (ulong)NodeFacts.MemoryInfo("Inactive(file)")) };
        }

        return new GroupSnapshot(usage with { MemoryLimitBytes = total }, rates.Of("", usage.CpuNanoseconds));
    }

    // Any process of the sandbox sees the pod's network; a pod on the host's network has none of its own.
    private List<NetworkInterfaceFigures> Network(PodEntry entry, string path)
    {
        if (entry.Pod.Spec.HostNetwork == true || entry.Runtime.ReadySandbox is not { } sandbox)
        {
            return [];
        }

        var process = hierarchy.Processes($"{path}/{sandbox.Id}").Cast<int?>().FirstOrDefault();
        return process is null ? [] : [.. NetworkDevices.Parse(CgroupFiles.Text($"/proc/{process}/net/dev"))];
    }

    private async Task<Dictionary<string, ContainerStats>> RuntimeStatsAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answer = await UnixChannels.CallAsync(
                options => cri.Runtime.ListContainerStatsAsync(new ListContainerStatsRequest(), options),
                RuntimePatience, cancellationToken);
            return answer.Stats.ToDictionary(s => s.Attributes.Id, StringComparer.Ordinal);
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return [];
        }
    }

    // Rotated files lie beside the newest one.
    private static ulong LogBytes(string path)
    {
        try
        {
            return (ulong)new DirectoryInfo(
                Path.GetDirectoryName(path) ?? "/nowhere").EnumerateFiles().Sum(f => f.Length);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static ulong? Sum(IEnumerable<ContainerSnapshot> containers, Func<ContainerSnapshot, ulong?> figure) =>
        containers.Select(figure).Aggregate((ulong?)0, (sum, next) => sum + next);
}
