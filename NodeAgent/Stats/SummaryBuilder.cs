using System.Globalization;
using Grpc.Core;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>Makes <c>/stats/summary</c> of a snapshot.</summary>
public sealed class SummaryBuilder(NodeAgentOptions options, CriClient cri, VolumeUsage volumes)
{
    private static readonly TimeSpan RuntimePatience = TimeSpan.FromSeconds(5);

    /// <param name="snapshot">What was read.</param>
    /// <param name="onlyCpuAndMemory">Leave out all else, as frequent readers ask for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Summary> BuildAsync(Snapshot snapshot, bool onlyCpuAndMemory, CancellationToken cancellationToken)
    {
        var now = snapshot.Time.ToApiText();
        var node = new NodeStats
        {
            NodeName = options.NodeName,
            StartTime = BootTime().ToApiText(),
            Cpu = Cpu(snapshot.Node, now),
            Memory = Memory(snapshot.Node, now),
            SystemContainers = [AllPods(snapshot, now)],
        };
        var disk = FileSystem(Linux.UsageOf(options.DataDirectory), now);
        return new Summary(
            onlyCpuAndMemory ? node : node with
            {
                Network = NetworkDevices.Figures(NetworkDevices.Parse(CgroupFiles.Text("/proc/net/dev")), now),
                Fs = disk,
                Runtime = await RuntimeAsync(disk, now, cancellationToken),
                Rlimit = Processes(now),
                Swap = Swap(now),
            },
            [.. snapshot.Pods.Select(p => Pod(p, disk, now, onlyCpuAndMemory))]);
    }

    private static ContainerFigures AllPods(Snapshot snapshot, string now) => new()
    {
        Name = "pods",
        StartTime = BootTime().ToApiText(),
        Cpu = Cpu(snapshot.AllPods, now),
        Memory = Memory(snapshot.AllPods, now),
    };

    private PodStats Pod(PodSnapshot pod, FileSystemFigures disk, string now, bool onlyCpuAndMemory)
    {
        var meta = pod.Pod.Metadata;
        var stats = new PodStats
        {
            PodRef = new PodReference(meta.Name, meta.NamespaceProperty, meta.Uid),
            StartTime = pod.Pod.Status?.StartTime is { } start ? start.ToApiText() : null,
            Containers = [.. pod.Containers.Select(c => Container(c, disk, now, onlyCpuAndMemory))],
            Cpu = Cpu(pod.Group, now),
            Memory = Memory(pod.Group, now),
        };
        if (onlyCpuAndMemory)
        {
            return stats;
        }

        var used = volumes.Of(pod.Pod);
        var ephemeral = used.Where(v => v.IsEphemeralStorage).ToList();
        return stats with
        {
            Network = NetworkDevices.Figures(pod.Network, now),
            Volume = [.. used.Select(v => Volume(v, disk))],
            EphemeralStorage = disk with
            {
                UsedBytes = ephemeral.Aggregate(0UL, (sum, v) => sum + v.Bytes)
                    + pod.Containers.Aggregate(0UL, (sum, c) => sum + (c.WritableBytes ?? 0) + c.LogBytes),
                InodesUsed = ephemeral.Aggregate(0UL, (sum, v) => sum + v.Inodes)
                    + pod.Containers.Aggregate(0UL, (sum, c) => sum + (c.WritableInodes ?? 0)),
            },
            ProcessStats = new ProcessFigures(pod.Group.Usage.Processes ?? 0),
            Swap = Swap(pod.Group, now),
        };
    }

    private static VolumeFigures Volume(MeasuredVolume volume, FileSystemFigures disk)
    {
        var figures = new VolumeFigures
        {
            Time = volume.MeasuredAt.ToApiText(), Name = volume.Name, PvcRef = volume.Claim, UsedBytes = volume.Bytes,
            InodesUsed = volume.Inodes, CapacityBytes = disk.CapacityBytes, AvailableBytes = disk.AvailableBytes,
            Inodes = disk.Inodes, InodesFree = disk.InodesFree,
        };
        return volume.Own is not { } own ? figures : figures with
        {
            CapacityBytes = (ulong)own.CapacityBytes, AvailableBytes = (ulong)own.AvailableBytes,
            Inodes = (ulong)own.Inodes, InodesFree = (ulong)own.InodesFree,
        };
    }

    private static ContainerFigures Container(
        ContainerSnapshot container, FileSystemFigures disk, string now, bool onlyCpuAndMemory)
    {
        var figures = new ContainerFigures
        {
            Name = container.Record.Name,
            StartTime = (container.Record.StartedAt ?? container.Record.CreatedAt).ToApiText(),
            Cpu = Cpu(container.Group, now),
            Memory = Memory(container.Group, now),
        };
        return onlyCpuAndMemory ? figures : figures with
        {
            Rootfs = disk with { UsedBytes = container.WritableBytes, InodesUsed = container.WritableInodes },
            Logs = disk with { UsedBytes = container.LogBytes, InodesUsed = null },
            Swap = Swap(container.Group, now),
        };
    }

    private static CpuFigures Cpu(GroupSnapshot group, string now) => new()
    {
        Time = now, UsageNanoCores = group.NanoCores, UsageCoreNanoSeconds = group.Usage.CpuNanoseconds, Psi = Psi(
            group.Usage.CpuPressure),
    };

    private static MemoryFigures Memory(GroupSnapshot group, string now)
    {
        var usage = group.Usage;
        return new MemoryFigures
        {
            Time = now,
            AvailableBytes = usage.MemoryLimitBytes is { } limit
                && usage.WorkingSetBytes is { } used
                ? limit - Math.Min(limit, used)
                : null,
            UsageBytes = usage.MemoryBytes,
            WorkingSetBytes = usage.WorkingSetBytes,
            RssBytes = usage.RssBytes,
            PageFaults = usage.PageFaults,
            MajorPageFaults = usage.MajorPageFaults,
            Psi = Psi(usage.MemoryPressure),
        };
    }

    private static PsiFigures? Psi(PressureStall? stall)
    {
        static PsiShare Share(StallShare share) => new(share.Total, share.Avg10, share.Avg60, share.Avg300);
        return stall is null ? null : new PsiFigures(Share(stall.Full), Share(stall.Some));
    }

    private static SwapFigures Swap(GroupSnapshot group, string now) => new(
        now,
        group.Usage.SwapLimitBytes is { } limit ? limit - Math.Min(limit, group.Usage.SwapBytes ?? 0) : null,
        group.Usage.SwapBytes ?? 0);

    private static SwapFigures Swap(string now)
    {
        var free = NodeFacts.MemoryInfo("SwapFree");
        return new SwapFigures(now, (ulong)free, (ulong)(NodeFacts.MemoryInfo("SwapTotal") - free));
    }

    private static FileSystemFigures FileSystem(FileSystemUsage usage, string now) => new()
    {
        Time = now,
        AvailableBytes = (ulong)usage.AvailableBytes,
        CapacityBytes = (ulong)usage.CapacityBytes,
        UsedBytes = (ulong)(usage.CapacityBytes - usage.AvailableBytes),
        InodesFree = (ulong)usage.InodesFree,
        Inodes = (ulong)usage.Inodes,
        InodesUsed = (ulong)(usage.Inodes - usage.InodesFree),
    };

    private async Task<RuntimeFigures> RuntimeAsync(
        FileSystemFigures disk, string now, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await UnixChannels.CallAsync(
                options => cri.Images.ImageFsInfoAsync(new ImageFsInfoRequest(), options), RuntimePatience,
                cancellationToken);
            var images = answer.ImageFilesystems.FirstOrDefault();
            var place = images?.FsId?.Mountpoint is { } mount
                && Directory.Exists(mount)
                ? FileSystem(Linux.UsageOf(mount), now)
                : disk;
            var used = place with { UsedBytes = images?.UsedBytes?.Value, InodesUsed = images?.InodesUsed?.Value };
            return new RuntimeFigures(used, used);
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return new RuntimeFigures(null, null);
        }
    }

    private static ProcessLimitFigures Processes(string now) => new(
        now,
        long.Parse(File.ReadAllText("/proc/sys/kernel/pid_max"), CultureInfo.InvariantCulture),
        long.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[3].Split('/')[1], CultureInfo.InvariantCulture));

    private static DateTimeOffset BootTime()
    {
        const string Line = "btime ";
        var seconds = File.ReadLines("/proc/stat").First(
            l => l.StartsWith(Line, StringComparison.Ordinal))[Line.Length..];
        return DateTimeOffset.FromUnixTimeSeconds(long.Parse(seconds, CultureInfo.InvariantCulture));
    }
}
