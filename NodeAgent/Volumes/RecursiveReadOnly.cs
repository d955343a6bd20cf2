using k8s.Models;
using OrleansOrchestrator.NodeAgent.Environments;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>Whether what is mounted below a read-only mount is read-only as well. Pure.</summary>
public static class RecursiveReadOnly
{
    public const string Disabled = "Disabled";
    public const string Enabled = "Enabled";

    /// <summary>What the mount gets; it throws when the mount insists on what the runtime cannot do.</summary>
    public static bool Resolve(V1VolumeMount mount, bool runtimeCan)
    {
        if (mount.RecursiveReadOnly is null or Disabled)
        {
            return false;
        }

        if (mount.ReadOnlyProperty != true)
        {
            throw Refused(mount, "it is not read-only");
        }

        if (mount.MountPropagation is not (null or "None"))
        {
            throw Refused(mount, $"it is not compatible with propagation \"{mount.MountPropagation}\"");
        }

        return mount.RecursiveReadOnly == Enabled && !runtimeCan
            ? throw Refused(mount, "it is not supported by the runtime")
            : runtimeCan;
    }

    /// <summary>What the status says of a mount; a container that could not be made has none.</summary>
    public static string? Reported(V1VolumeMount mount, bool runtimeCan) =>
        mount.ReadOnlyProperty != true ? null
        : runtimeCan && mount.RecursiveReadOnly is not (null or Disabled) ? Enabled
        : Disabled;

    private static ContainerConfigException Refused(V1VolumeMount mount, string why) => new(
        $"failed to resolve recursive read-only mode: volume \"{mount.Name}\" requested recursive read-only mode, but {why}");
}
