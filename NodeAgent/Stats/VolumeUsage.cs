using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Stats;

/// <summary>How much a volume of a pod takes, on the node's disk unless it has one of its own.</summary>
public sealed record MeasuredVolume(
    string Name, ulong Bytes, ulong Inodes, DateTimeOffset MeasuredAt, bool IsEphemeralStorage)
{
    /// <summary>The volume's own size, as its driver tells it; null for one on the node's disk.</summary>
    public FileSystemUsage? Own { get; init; }

    /// <summary>The claim that it is; null for a volume of the pod's.</summary>
    public ClaimReference? Claim { get; init; }
}

/// <summary>
/// Sizes of the volumes that the node itself fills, each measured by walking it, at most once a minute, and only when
/// somebody asks; and of those of drivers, as these tell them.
/// </summary>
public sealed class VolumeUsage(PodPaths paths, CsiVolumes drivers, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);
    private const int MaxPods = 1024;
    private const int MaxFilesPerVolume = 100_000;

    private readonly ConcurrentDictionary<string, IReadOnlyList<MeasuredVolume>> _measured = new();

    public IReadOnlyList<MeasuredVolume> Of(V1Pod pod) =>
    [
        .. Walked(pod),
        .. drivers.Published.Where(p => p.Mount.Pod.Metadata.Uid == pod.Metadata.Uid).Select(Told)
            .OfType<MeasuredVolume>(),
    ];

    private IReadOnlyList<MeasuredVolume> Walked(V1Pod pod)
    {
        var now = time.GetUtcNow();
        if (_measured.TryGetValue(pod.Metadata.Uid, out var known) && known.All(v => now - v.MeasuredAt < Fresh))
        {
            return known;
        }

        if (_measured.Count >= MaxPods)
        {
            _measured.Clear();
        }

        return _measured[pod.Metadata.Uid] =
            [.. pod.UsedVolumes().Select(v => Measure(pod, v, now)).OfType<MeasuredVolume>()];
    }

    private static MeasuredVolume? Told(CsiPublished published)
    {
        if (published.Used is not { } used)
        {
            return null;
        }

        var mount = published.Mount;
        return new MeasuredVolume(
            mount.PodVolume, (ulong)used.UsedBytes, (ulong)used.UsedInodes, used.MeasuredAt, IsEphemeralStorage: false)
        {
            Own = used.Own,
            Claim = mount.Persistent?.Spec.ClaimRef is { } claim
                ? new ClaimReference(claim.Name, claim.NamespaceProperty)
                : null,
        };
    }

    private MeasuredVolume? Measure(V1Pod pod, V1Volume volume, DateTimeOffset now)
    {
        if (VolumePlugins.OwnPluginOf(volume) is not { } plugin)
        {
            return null;
        }

        var used = FileTrees.UsageOf(paths.Volume(pod.Metadata.Uid, plugin, volume.Name), MaxFilesPerVolume);
        return new MeasuredVolume(
            volume.Name, (ulong)used.Bytes, (ulong)used.Inodes + 1, now, volume.EmptyDir is { Medium: not "Memory" }
                || volume.ConfigMap is not null);
    }
}
