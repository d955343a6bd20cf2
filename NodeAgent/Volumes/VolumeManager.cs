using System.Globalization;
using OrleansOrchestrator.Machine;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Sets up, refreshes and takes down the volumes of pods. Setting up is idempotent: it is how a restarted agent
/// finds its volumes again and how changed ConfigMaps reach running pods. What is mounted is known from the kernel.
/// </summary>
public sealed class VolumeManager(
    PodPaths paths, ObjectFiles objectFiles, ClaimedVolumes claims, CsiVolumes drivers, TokenCache tokens,
    ImageViews views, VolumeMeters meters, TimeProvider time)
{
    /// <summary>The mode of every volume's own directory; what a tmpfs has is the kernel's default.</summary>
    private const UnixFileMode EveryoneMode = (UnixFileMode)0x1FF;
    private const UnixFileMode MemoryMode = EveryoneMode | UnixFileMode.StickyBit;

    /// <summary>Makes all volumes ready; returns host paths by volume name.</summary>
    public async Task<Dictionary<string, string>> SetUpAsync(
        V1Pod pod, EnvironmentFacts facts, CancellationToken cancellationToken)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        var claimed = await claims.FindAsync(pod, cancellationToken);
        VolumePlugins.Require(pod, claimed);
        var wanted = (
            from volume in pod.UsedVolumes()
            let persistent = claimed.GetValueOrDefault(volume.Name)?.Volume
            select (Volume: volume, Persistent: persistent, Plugin: VolumePlugins.NameOf(volume, persistent))).ToList();
        wanted.ForEach(v => meters.Wanted(pod.Metadata.Uid, v.Volume.Name, v.Plugin));
        foreach (var (volume, persistent, plugin) in wanted)
        {
            var started = time.GetTimestamp();
            try
            {
                result[volume.Name] = persistent is null
                    ? await SetUpOneAsync(pod, volume, facts, cancellationToken)
                    : await claims.SetUpAsync(pod, volume, persistent, cancellationToken);
                meters.Mounted(pod.Metadata.Uid, volume.Name, plugin, time.GetElapsedTime(started));
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                meters.MountFailed(plugin, time.GetElapsedTime(started));
                var known = exception as VolumeException ?? new VolumeException(exception.Message);
                var name = persistent?.Metadata.Name ?? volume.Name;
                var head = known.Stage.Length > 0 ? $"{known.Stage} failed for volume \"{name}\" : " : "";
                throw new VolumeException($"{head}{known.Message}")
                {
                    Reason = known.Reason,
                };
            }
        }

        return result;
    }

    /// <summary>Unmounts and removes everything of a pod. Throws while something is still in use.</summary>
    public async Task TearDownAsync(string podUid, CancellationToken cancellationToken)
    {
        tokens.Forget(podUid);
        claims.Forget(podUid);
        meters.Unwanted(podUid);
        var (started, succeeded) = (time.GetTimestamp(), false);
        try
        {
            await TakeDownAsync(podUid, cancellationToken);
            succeeded = true;
        }
        finally
        {
            meters.TakenDown(podUid, succeeded, time.GetElapsedTime(started));
        }
    }

    private async Task TakeDownAsync(string podUid, CancellationToken cancellationToken)
    {
        var directory = paths.Pod(podUid);
        Mounts.UnmountBelow(directory, spared: paths.CsiVolumes(podUid));
        await drivers.TearDownAsync(podUid, cancellationToken);
        if (!Directory.Exists(directory))
        {
            return;
        }

        foreach (var volume in paths.ImageVolumes(podUid))
        {
            await views.RemoveAsync(ImageVolumes.ViewOf(podUid, volume), cancellationToken);
        }

        FileTrees.Delete(directory);
    }

    public bool HasVolumes(string podUid) => Directory.Exists(paths.Pod(podUid));

    /// <summary>When a token of the pod must be renewed.</summary>
    public SteadyTime? NextRefresh(string podUid) => tokens.NextRenewal(podUid);

    private async Task<string> SetUpOneAsync(
        V1Pod pod, V1Volume volume, EnvironmentFacts facts, CancellationToken cancellationToken)
    {
        if (volume.HostPath is { } hostPath)
        {
            HostPathCheck.Require(hostPath);
            return hostPath.Path;
        }

        if (volume.EmptyDir is { } emptyDir)
        {
            return SetUpEmptyDir(pod, volume.Name, emptyDir, facts);
        }

        if (volume.Csi is not null)
        {
            return await drivers.SetUpAsync(CsiMount.Of(pod, volume), cancellationToken);
        }

        if (volume.Image is not null)
        {
            // Mounted when a container that uses it starts: what is wrong with an image is that container's trouble.
            var place = paths.ImageVolume(pod.Metadata.Uid, volume.Name);
            MakePlace(place, EveryoneMode, null);
            return place;
        }

        var files = await objectFiles.ReadAsync(pod, volume, facts, cancellationToken)
            ?? throw new VolumeException("no volume plugin matched");
        var path = paths.Volume(pod.Metadata.Uid, VolumePlugins.OwnPluginOf(volume)!, volume.Name);
        MakePlace(path, EveryoneMode, null);
        var isInMemory = volume.ConfigMap is null;
        if (isInMemory && !MountPoints.Contains(path))
        {
            Linux.Mount("tmpfs", path, "tmpfs", 0, "");
        }

        var group = pod.Spec.SecurityContext?.FsGroup;
        using var root = HeldDirectory.Open(path);
        root.SetAccess(AtomicWriter.DirectoryModeFor(isInMemory ? MemoryMode : EveryoneMode, group), group);
        new AtomicWriter(root, time).Write(files, group);
        return path;
    }

    private string SetUpEmptyDir(V1Pod pod, string name, V1EmptyDirVolumeSource source, EnvironmentFacts facts)
    {
        var path = paths.Volume(pod.Metadata.Uid, VolumePlugins.EmptyDir, name);
        var group = pod.Spec.SecurityContext?.FsGroup;
        var shared = group is null ? default : UnixFileMode.SetGroup; // files made inside inherit the group
        switch (source.Medium ?? "")
        {
            case "":
                MakePlace(path, EveryoneMode | shared, group);
                return path;
            case "Memory":
                MakePlace(path, EveryoneMode, null);
                if (!MountPoints.Contains(path))
                {
                    var size = MemorySize(pod, source, facts.Allocatable);
                    Linux.Mount("tmpfs", path, "tmpfs", 0, MemoryOptions(size, MemoryMode | shared, group));
                }

                return path;
            case var hugePages when hugePages.StartsWith("HugePages", StringComparison.Ordinal):
                throw new VolumeException(
                    $"medium {hugePages}: hugePages storage requested, but there is no resource request for huge pages");
            case var other:
                throw new VolumeException($"unknown storage medium \"{other}\"");
        }
    }

    /// <summary>Mode and group come with the mount: it is never there without them.</summary>
    private static string MemoryOptions(long? size, UnixFileMode mode, long? group)
    {
        var options = $"mode={Convert.ToString((int)mode, 8)}";
        if (group is { } gid)
        {
            options += string.Create(CultureInfo.InvariantCulture, $",gid={gid}");
        }

        return size is null ? options : options + string.Create(CultureInfo.InvariantCulture, $",size={size}");
    }

    /// <summary>
    /// Most bytes of a volume in memory, as upstream has it: no more than its own limit, the pod's limit of memory, and
    /// what the node has for pods. Null where there is none of them, and the kernel's default holds.
    /// </summary>
    public static long? MemorySize(
        V1Pod pod, V1EmptyDirVolumeSource source, IDictionary<string, ResourceQuantity> allocatable)
    {
        long[] limits =
        [
            PodResources.Bytes(allocatable), PodResources.Bytes(PodResources.Limits(pod)),
            (long)(source.SizeLimit?.ToDecimal() ?? 0),
        ];
        var given = limits.Where(static l => l > 0).ToList();
        return given.Count == 0 ? null : given.Min();
    }

    /// <summary>The directory of a volume; its content is its pod's, but what leads there is ours alone.</summary>
    private static void MakePlace(string path, UnixFileMode mode, long? group)
    {
        if (!Directory.Exists(path))
        {
            OwnFiles.MakePrivate(Path.GetDirectoryName(path)!);
            HeldDirectory.MakeWhole(path, mode, group);
        }
    }
}
