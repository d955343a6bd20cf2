using System.Globalization;
using Grpc.Core;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>Reads how much the node has left of what pods use up.</summary>
public sealed class NodeSignals(NodeAgentOptions options, Cgroups cgroups, CriClient cri)
{
    private string? _imagePath;

    /// <summary>Images and containers' roots are on another file system than volumes and logs.</summary>
    public bool HasImageFs => _imagePath is { } path && Linux.DeviceOf(path) is { } device
        && Linux.DeviceOf(options.DataDirectory) is { } own && device != own;

    public async Task<IReadOnlyDictionary<EvictionSignal, Observation>> ReadAsync(CancellationToken cancellationToken)
    {
        var node = Linux.UsageOf(options.DataDirectory);
        var images = Linux.UsageOf(await ImagePathAsync(cancellationToken));
        var maxPids = long.Parse(
            await File.ReadAllTextAsync("/proc/sys/kernel/pid_max", cancellationToken), CultureInfo.InvariantCulture);
        var load = await File.ReadAllTextAsync("/proc/loadavg", cancellationToken);
        var tasks = long.Parse(load.Split(' ')[3].Split('/')[1], CultureInfo.InvariantCulture);
        var signals = new Dictionary<EvictionSignal, Observation>
        {
            [EvictionSignal.MemoryAvailable] = new(
                NodeFacts.MemoryInfo("MemAvailable"), NodeFacts.MemoryInfo("MemTotal")),
            [EvictionSignal.NodeFsAvailable] = new(node.AvailableBytes, node.CapacityBytes),
            [EvictionSignal.NodeFsInodesFree] = new(node.InodesFree, node.Inodes),
            [EvictionSignal.ImageFsAvailable] = new(images.AvailableBytes, images.CapacityBytes),
            [EvictionSignal.ImageFsInodesFree] = new(images.InodesFree, images.Inodes),
            [EvictionSignal.PidAvailable] = new(maxPids - tasks, maxPids),
        };
        if (cgroups.MemoryLeft() is { } left)
        {
            signals[EvictionSignal.AllocatableMemoryAvailable] = left;
        }

        return signals;
    }

    /// <summary>Use of the file system that holds the images.</summary>
    public async Task<FileSystemUsage> ImageFsAsync(CancellationToken cancellationToken) =>
        Linux.UsageOf(await ImagePathAsync(cancellationToken));

    /// <summary>The runtime says where its images are; until it answers they are taken to be with the rest.</summary>
    private async Task<string> ImagePathAsync(CancellationToken cancellationToken)
    {
        if (_imagePath is not null)
        {
            return _imagePath;
        }

        try
        {
            var answer = await cri.Images.ImageFsInfoAsync(
                new ImageFsInfoRequest(), cancellationToken: cancellationToken);
            var path = answer.ImageFilesystems.FirstOrDefault()?.FsId?.Mountpoint ?? "";
            if (Directory.Exists(path))
            {
                _imagePath = path;
            }
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            // it is down, which the node's Ready condition says
        }

        return _imagePath ?? options.DataDirectory;
    }
}
