using System.ComponentModel;
using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Sets up, refreshes and takes down the volumes of pods. Setting up is idempotent: it is how a restarted agent
/// finds its volumes again and how changed ConfigMaps reach running pods. What is mounted is known from the kernel.
/// </summary>
public sealed class VolumeManager(PodPaths paths, ObjectFiles objectFiles, TokenCache tokens, TimeProvider time)
{
    private const UnixFileMode EveryoneMode = (UnixFileMode)0x1FF;

    /// <summary>Makes all volumes ready; returns host paths by volume name.</summary>
    public async Task<Dictionary<string, string>> SetUpAsync(
        V1Pod pod, EnvironmentFacts facts, CancellationToken cancellationToken)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            try
            {
                result[volume.Name] = await SetUpOneAsync(pod, volume, facts, cancellationToken);
            }
            catch (Exception exception) when (exception is VolumeException or IOException or Win32Exception
                or UnauthorizedAccessException)
            {
                throw new VolumeException(
                    $"MountVolume.SetUp failed for volume \"{volume.Name}\" : {exception.Message}");
            }
        }

        return result;
    }

    /// <summary>Unmounts and removes everything of a pod. Throws while something is still in use.</summary>
    public void TearDown(string podUid)
    {
        tokens.Forget(podUid);
        var directory = paths.Pod(podUid);
        if (!Directory.Exists(directory))
        {
            return;
        }

        Mounts.UnmountBelow(directory);
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
            return SetUpEmptyDir(pod, volume.Name, emptyDir);
        }

        var files = await objectFiles.ReadAsync(pod, volume, facts, cancellationToken)
            ?? throw new VolumeException("no volume plugin matched");
        var path = paths.Volume(pod.Metadata.Uid, Plugin(volume), volume.Name);
        Directory.CreateDirectory(path);
        if (volume.ConfigMap is null && !Mounts.IsMountPoint(path))
        {
            Linux.Mount("tmpfs", path, "tmpfs", 0, "mode=0755");
        }

        var group = pod.Spec.SecurityContext?.FsGroup;
        if (group is { } fsGroup)
        {
            ShareWithGroup(path, fsGroup, (UnixFileMode)0x1ED);
        }

        new AtomicWriter(path, time).Write(files, group);
        return path;
    }

    private string SetUpEmptyDir(V1Pod pod, string name, V1EmptyDirVolumeSource source)
    {
        var path = paths.Volume(pod.Metadata.Uid, "empty-dir", name);
        var isNew = !Directory.Exists(path);
        Directory.CreateDirectory(path);
        if (source.Medium == "Memory" && !Mounts.IsMountPoint(path))
        {
            var limit = source.SizeLimit is { } size && size.ToDecimal() > 0
                ? $",size={((long)size.ToDecimal()).ToString(CultureInfo.InvariantCulture)}"
                : "";
            Linux.Mount("tmpfs", path, "tmpfs", 0, "mode=0777" + limit);
        }

        if (isNew)
        {
            File.SetUnixFileMode(path, EveryoneMode);
            if (pod.Spec.SecurityContext?.FsGroup is { } fsGroup)
            {
                ShareWithGroup(path, fsGroup, EveryoneMode);
            }
        }

        return path;
    }

    /// <summary>Files made inside inherit the group.</summary>
    private static void ShareWithGroup(string path, long fsGroup, UnixFileMode mode)
    {
        Linux.ChangeOwner(path, -1, fsGroup);
        File.SetUnixFileMode(path, mode | UnixFileMode.SetGroup);
    }

    private static string Plugin(V1Volume volume) => volume switch
    {
        { ConfigMap: not null } => "configmap",
        { Secret: not null } => "secret",
        { DownwardAPI: not null } => "downward-api",
        _ => "projected",
    };
}
