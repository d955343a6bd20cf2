using System.Globalization;
using OrleansOrchestrator.Machine;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
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
    PodPaths paths, ObjectFiles objectFiles, ClaimedVolumes claims, CsiVolumes drivers, NfsVolumes exports,
    TokenCache tokens, ImageViews views, VolumeMeters meters, TimeProvider time)
{
    /// <summary>The mode of every volume's own directory; what a tmpfs has is the kernel's default.</summary>
    private const UnixFileMode EveryoneMode = (UnixFileMode)0x1FF;
    private const UnixFileMode MemoryMode = EveryoneMode | UnixFileMode.StickyBit;

    /// <summary>Makes all volumes ready; returns host paths by volume name.</summary>
    /// <exception cref="VolumeException">Some are not; it tells of each.</exception>
    public async Task<Dictionary<string, string>> SetUpAsync(
        V1Pod pod, EnvironmentFacts facts, CancellationToken cancellationToken)
    {
        var claimed = await claims.FindAsync(pod, cancellationToken);
        VolumePlugins.Require(pod, claimed);
        var wanted = (
            from volume in pod.UsedVolumes()
            let persistent = claimed.GetValueOrDefault(volume.Name)?.Volume
            select new Wanted(volume, persistent, VolumePlugins.NameOf(volume, persistent))).ToList();
        wanted.ForEach(v => meters.Wanted(pod.Metadata.Uid, v.Volume.Name, v.Plugin));
        var outcomes = await Task.WhenAll(wanted
            .GroupBy(static v => v.Persistent?.Metadata.Name ?? v.Volume.Name, StringComparer.Ordinal)
            .Select(same => SetUpSameAsync(pod, same, facts, cancellationToken)));
        var all = outcomes.SelectMany(static o => o).ToList();
        var problems = all.Select(static o => o.Problem).OfType<VolumeException>().ToList();
        if (problems.Count > 0)
        {
            problems[0].Further = problems[1..];
            throw problems[0];
        }

        return all.ToDictionary(static o => o.Volume, static o => o.Place, StringComparer.Ordinal);
    }

    /// <summary>
    /// Volumes wait for none but those that are the same, as of a claim that the pod has twice: they have one place.
    /// </summary>
    private async Task<List<Outcome>> SetUpSameAsync(
        V1Pod pod, IEnumerable<Wanted> same, EnvironmentFacts facts, CancellationToken cancellationToken)
    {
        var outcomes = new List<Outcome>();
        foreach (var wanted in same)
        {
            try
            {
                var place = await SetUpAsync(pod, wanted, facts, cancellationToken);
                outcomes.Add(new Outcome(wanted.Volume.Name, place, null));
            }
            catch (VolumeException problem)
            {
                // The others may be well, and what is wrong with them is told too.
                outcomes.Add(new Outcome(wanted.Volume.Name, "", problem));
            }
        }

        return outcomes;
    }

    private async Task<string> SetUpAsync(
        V1Pod pod, Wanted wanted, EnvironmentFacts facts, CancellationToken cancellationToken)
    {
        var (volume, persistent, plugin) = wanted;
        var started = time.GetTimestamp();
        try
        {
            var place = persistent is null
                ? await SetUpOneAsync(pod, volume, facts, cancellationToken)
                : await claims.SetUpAsync(pod, volume, persistent, cancellationToken);
            meters.Mounted(pod.Metadata.Uid, volume.Name, plugin, time.GetElapsedTime(started));
            return place;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            meters.MountFailed(plugin, time.GetElapsedTime(started));
            var known = exception as VolumeException ?? new VolumeException(exception.Message);
            var isWhole = known.Stage.Length == 0;
            var name = persistent?.Metadata.Name ?? volume.Name;
            var head = isWhole ? "" : $"{known.Stage} failed for volume \"{name}\" : ";
            throw new VolumeException($"{head}{known.Message}")
            {
                Reason = known.Reason, RejectsPod = known.RejectsPod, Volume = isWhole ? "" : volume.Name,
            };
        }
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
        await Mounts.UnmountBelowAsync(directory, time, cancellationToken, paths.OfDrivers(podUid));
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

        if (volume.Nfs is { } export)
        {
            var at = paths.Volume(pod.Metadata.Uid, NfsVolumes.Plugin, volume.Name);
            return await exports.MountAsync(at, export, [], export.ReadOnlyProperty == true, cancellationToken);
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
            Linux.Mount("tmpfs", path, "tmpfs", 0, Tmpfs.NoSwap);
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
            case var medium when HugePageMedium.Is(medium):
                MakePlace(path, EveryoneMode, null);
                if (!MountPoints.Contains(path))
                {
                    Linux.Mount("nodev", path, "hugetlbfs", 0, HugePageMedium.MountOptions(medium, pod, group));
                }

                return path;
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

        options += Tmpfs.NoSwap.Length == 0 ? "" : $",{Tmpfs.NoSwap}";
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

    private sealed record Wanted(V1Volume Volume, V1PersistentVolume? Persistent, string Plugin);

    /// <summary>Where the volume is, or why it is not.</summary>
    private sealed record Outcome(string Volume, string Place, VolumeException? Problem);
}
