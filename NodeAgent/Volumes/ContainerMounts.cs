using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Environments;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>The mounts of one container: its volume mounts, the hosts file and the termination log.</summary>
public sealed class ContainerMounts(PodPaths paths)
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

        var subPath = !string.IsNullOrEmpty(mount.SubPathExpr)
            ? VariableExpansion.Expand(mount.SubPathExpr, name => environment.GetValueOrDefault(name))
            : mount.SubPath ?? "";
        if (subPath.Length > 0)
        {
            var target = paths.SubPath(pod.Metadata.Uid, mount.Name, container.Name, index);
            try
            {
                hostPath = SubPaths.Prepare(hostPath, subPath, target);
            }
            catch (VolumeException exception)
            {
                throw new ContainerConfigException(exception.Message);
            }
        }

        return new Mount
        {
            ContainerPath = mount.MountPath.StartsWith('/') ? mount.MountPath : "/" + mount.MountPath,
            HostPath = hostPath,
            Readonly = mount.ReadOnlyProperty == true,
            Propagation = mount.MountPropagation switch
            {
                "HostToContainer" => MountPropagation.PropagationHostToContainer,
                "Bidirectional" => MountPropagation.PropagationBidirectional,
                _ => MountPropagation.PropagationPrivate,
            },
        };
    }

    private Mount TerminationLog(V1Pod pod, V1Container container, int restartCount)
    {
        var path = paths.TerminationLog(pod.Metadata.Uid, container.Name, restartCount);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, []);
        File.SetUnixFileMode(path, TerminationLogMode);
        return new Mount
        {
            ContainerPath = string.IsNullOrEmpty(container.TerminationMessagePath)
                ? DefaultTerminationPath
                : container.TerminationMessagePath,
            HostPath = path,
        };
    }
}
