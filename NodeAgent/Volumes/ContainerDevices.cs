using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Environments;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>The block devices of one container. Pure; messages are upstream's.</summary>
public static class ContainerDevices
{
    /// <param name="pod">The container's.</param>
    /// <param name="container">Whose devices are asked for.</param>
    /// <param name="volumes">Where the pod's volumes are, by their names.</param>
    public static IEnumerable<Device> Of(
        V1Pod pod, V1Container container, IReadOnlyDictionary<string, string> volumes) =>
        from device in container.VolumeDevices ?? []
        select new Device
        {
            ContainerPath = device.DevicePath.StartsWith('/')
                ? device.DevicePath
                : throw new ContainerConfigException(
                    $"error DevicePath `{device.DevicePath}` must be an absolute path"),
            HostPath = volumes.GetValueOrDefault(device.Name)
                ?? throw new ContainerConfigException(
                    $"cannot find volume \"{device.Name}\" to pass into container \"{container.Name}\""),
            Permissions = IsReadOnly(pod, device.Name) ? "r" : "mrw",
        };

    private static bool IsReadOnly(V1Pod pod, string volume) => pod.Spec.Volumes.Any(
        v => v.Name == volume && v.PersistentVolumeClaim is { ReadOnlyProperty: true });
}
