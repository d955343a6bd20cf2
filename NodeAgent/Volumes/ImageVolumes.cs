using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cri.ContainerdSnapshots;
using OrleansOrchestrator.NodeAgent.Environments;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Images as volumes: pulled and mounted, to be read only and with nothing in them to be executed, before the first
/// container starts that uses them, and taken down with the pod.
/// </summary>
public sealed class ImageVolumes(PodPaths paths, ImagePuller puller, ImageViews views)
{
    /// <summary>What mount(2) takes for the options of a file system: a page.</summary>
    private const int MaxOptionBytes = 4095;

    private const ulong Access = Linux.MountReadOnly | Linux.MountNoExec;

    /// <summary>
    /// Throws <see cref="ImageException"/> when an image cannot be had, <see cref="ContainerConfigException"/> when it
    /// cannot be mounted.
    /// </summary>
    public async Task MountAsync(V1Pod pod, V1Container container, CancellationToken cancellationToken)
    {
        var used = (container.VolumeMounts ?? []).Select(static m => m.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var volume in (pod.Spec.Volumes ?? []).Where(v => v.Image is not null && used.Contains(v.Name)))
        {
            var path = paths.ImageVolume(pod.Metadata.Uid, volume.Name);
            if (!MountPoints.Contains(path))
            {
                var image = await puller.EnsureAsync(WantedImage.Of(pod, volume.Image), cancellationToken);
                Mount(volume, await OpenAsync(pod, volume, image, cancellationToken), path);
            }

            // Whatever became of an attempt that was interrupted.
            Linux.Mount("none", path, "", Linux.MountBind | Linux.MountRemount | Access, "");
        }
    }

    /// <summary>The name of a volume's view in the runtime.</summary>
    public static string ViewOf(string podUid, string volume) => $"orc-volume-{podUid}-{volume}";

    private async Task<SnapshotMount> OpenAsync(
        V1Pod pod, V1Volume volume, string image, CancellationToken cancellationToken)
    {
        try
        {
            return (await views.OpenAsync(ViewOf(pod.Metadata.Uid, volume.Name), image, cancellationToken)).Single();
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.Unimplemented)
        {
            throw new ContainerConfigException("the container runtime does not mount images");
        }
    }

    /// <summary>One layer is a directory to bind, several are an overlay of them.</summary>
    private static void Mount(V1Volume volume, SnapshotMount view, string path)
    {
        if (view.Type == "bind")
        {
            Linux.Mount(view.Source, path, "", Linux.MountBind | Linux.MountRecursive, "");
            return;
        }

        var options = string.Join(',', view.Options);
        if (options.Length > MaxOptionBytes)
        {
            throw new ContainerConfigException(
                $"image \"{volume.Image.Reference}\" of volume \"{volume.Name}\" has more layers than can be mounted");
        }

        Linux.Mount(view.Source, path, view.Type, Access, options);
    }
}
