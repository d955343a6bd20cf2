using System.ComponentModel;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>The mounts of one container: its volume mounts, the hosts file and the termination log.</summary>
public sealed partial class ContainerMounts(PodPaths paths, RuntimeHealth runtime, ILogger<ContainerMounts> logger)
{
    private const string DefaultTerminationPath = "/dev/termination-log";
    private const UnixFileMode TerminationLogMode = (UnixFileMode)0x1B6;
    private const string HostsPath = "/etc/hosts";

    public List<Mount> Build(
        V1Pod pod,
        V1Container container,
        int restartCount,
        IReadOnlyDictionary<string, string> volumes,
        IReadOnlyDictionary<string, string> environment)
    {
        var mounts = new List<Mount>();
        var index = 0;
        foreach (var mount in container.VolumeMounts ?? [])
        {
            mounts.Add(Build(pod, container, mount, index++, volumes, environment));
        }

        if (mounts.All(m => m.ContainerPath != HostsPath) && File.Exists(paths.HostsFile(pod.Metadata.Uid)))
        {
            mounts.Add(new Mount { ContainerPath = HostsPath, HostPath = paths.HostsFile(pod.Metadata.Uid) });
        }

        mounts.Add(TerminationLog(pod, container, restartCount));
        return mounts;
    }

    private Mount Build(
        V1Pod pod,
        V1Container container,
        V1VolumeMount mount,
        int index,
        IReadOnlyDictionary<string, string> volumes,
        IReadOnlyDictionary<string, string> environment)
    {
        if (!volumes.TryGetValue(mount.Name, out var hostPath))
        {
            throw new ContainerConfigException(
                $"cannot find volume \"{mount.Name}\" to mount into container \"{container.Name}\"");
        }

        var subPath = SubPath(mount, environment);
        if (subPath.Length > 0)
        {
            var target = paths.SubPath(pod.Metadata.Uid, mount.Name, container.Name, index);
            hostPath = PrepareSubPath(container, mount, hostPath, subPath, target);
        }

        return new Mount
        {
            ContainerPath = mount.MountPath.StartsWith('/') ? mount.MountPath : "/" + mount.MountPath,
            HostPath = hostPath,
            Readonly = mount.ReadOnlyProperty == true || IsReadOnly(pod, mount.Name),
            RecursiveReadOnly = RecursiveReadOnly.Resolve(mount, runtime.Abilities.RecursiveReadOnlyMounts),
            Propagation = mount.MountPropagation switch
            {
                "HostToContainer" => MountPropagation.PropagationHostToContainer,
                "Bidirectional" => MountPropagation.PropagationBidirectional,
                _ => MountPropagation.PropagationPrivate,
            },
        };
    }

    /// <summary>
    /// Containers only read what the node writes for them, and claims, exports and volumes of drivers that the pod
    /// wants to read, whatever the mount says.
    /// </summary>
    private static bool IsReadOnly(V1Pod pod, string volume) => pod.Spec.Volumes.Any(
        v => v.Name == volume
            && v is { ConfigMap: not null } or { Secret: not null } or { DownwardAPI: not null }
                or { Projected: not null } or { PersistentVolumeClaim.ReadOnlyProperty: true }
                or { Csi.ReadOnlyProperty: true } or { Nfs.ReadOnlyProperty: true });

    /// <summary>Messages are upstream's.</summary>
    private static string SubPath(V1VolumeMount mount, IReadOnlyDictionary<string, string> environment)
    {
        var subPath = string.IsNullOrEmpty(mount.SubPathExpr)
            ? mount.SubPath ?? "" : Expand(mount.SubPathExpr, environment);
        if (subPath.StartsWith('/'))
        {
            throw new ContainerConfigException($"error SubPath `{subPath}` must not be an absolute path");
        }

        if (subPath.Split('/').Contains(".."))
        {
            throw new ContainerConfigException($"unable to provision SubPath `{subPath}`: must not contain '..'");
        }

        return subPath;
    }

    private static string Expand(string expression, IReadOnlyDictionary<string, string> environment)
    {
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var expanded = VariableExpansion.Expand(expression, name =>
        {
            var value = environment.GetValueOrDefault(name);
            if (string.IsNullOrEmpty(value))
            {
                missing.Add(name);
            }

            return value;
        });
        return missing.Count == 0
            ? expanded
            : throw new ContainerConfigException($"missing value for {string.Join(", ", missing)}");
    }

    /// <summary>What went wrong is for the node's log: it could tell the user about the node's file system.</summary>
    private string PrepareSubPath(
        V1Container container, V1VolumeMount mount, string volumePath, string subPath, string target)
    {
        try
        {
            return SubPaths.Prepare(volumePath, subPath, target);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            LogSubPathFailed(subPath, mount.Name, container.Name, exception.Message);
            throw new ContainerConfigException(
                $"failed to prepare subPath for volumeMount \"{mount.Name}\" of container \"{container.Name}\"");
        }
    }

    private Mount TerminationLog(V1Pod pod, V1Container container, int restartCount)
    {
        var path = paths.TerminationLog(pod.Metadata.Uid, container.Name, restartCount);
        var directory = Path.GetDirectoryName(path)!;
        OwnFiles.MakePrivate(directory);
        using var held = HeldDirectory.Open(directory);
        held.WriteInPlace(Path.GetFileName(path), [], TerminationLogMode);
        return new Mount
        {
            ContainerPath = string.IsNullOrEmpty(container.TerminationMessagePath)
                ? DefaultTerminationPath
                : container.TerminationMessagePath,
            HostPath = path,
        };
    }

    [LoggerMessage(1, LogLevel.Warning, "subPath {SubPath} of volume {Volume} for container {Container}: {Problem}")]
    private partial void LogSubPathFailed(string subPath, string volume, string container, string problem);
}
