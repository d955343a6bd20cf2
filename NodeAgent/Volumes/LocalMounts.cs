using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// PersistentVolumes of kind <c>local</c> that are mounted: directories of this node, and the file systems on its block
/// devices. What a pod gets is mounted in its own directory.
/// </summary>
public sealed class LocalMounts(
    MountProgram mount, DeviceFileSystems devices, VolumeOwnership ownership, EventRecorder events)
{
    private const string DefaultType = "ext4";
    private const string Stage = "MountVolume.NewMounter initialization";

    /// <summary>Of what is mounted, by its path: whether it is shared holds until it is mounted.</summary>
    private readonly KeyedTurns _turns = new();

    /// <summary>
    /// The file beside a place that says that what is mounted there is not whole yet: an agent that ends meanwhile
    /// leaves it to the next one. It is no volume's name.
    /// </summary>
    public static string UnfinishedNote(string place) => $"{place}~";

    /// <summary>
    /// Mounts the volume, unless it is: then it is the pod's as it left it. What fails leaves nothing mounted, and what
    /// is mounted but was not finished is mounted anew: no container has it.
    /// </summary>
    /// <param name="pod">Who gets it.</param>
    /// <param name="volume">What it gets.</param>
    /// <param name="place">Where.</param>
    /// <param name="isReadOnly">The pod only reads it.</param>
    /// <param name="others">Where other pods have it, when asked: once one does, it stays in its group.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<string> MountAsync(
        V1Pod pod, V1PersistentVolume volume, string place, bool isReadOnly, Func<IEnumerable<string>> others,
        CancellationToken cancellationToken)
    {
        using var turn = await _turns.TakeAsync(volume.Spec.Local.Path, cancellationToken);
        if (MountPoints.Contains(place))
        {
            if (IsFinished(place))
            {
                return place;
            }

            Linux.Unmount(place, UnmountMode.Lazy);
        }

        OwnFiles.MakePrivate(place);
        OwnFiles.Write(UnfinishedNote(place), "");
        try
        {
            await MountAsync(
                new Wanted(pod, volume, place, isReadOnly, others().Any(IsFinished)), cancellationToken);
        }
        catch
        {
            Linux.Unmount(place, UnmountMode.Lazy); // the next attempt begins anew
            throw;
        }

        File.Delete(UnfinishedNote(place));
        return place;
    }

    private static bool IsFinished(string place) => !File.Exists(UnfinishedNote(place));

    private Task MountAsync(Wanted wanted, CancellationToken cancellationToken)
    {
        var path = wanted.Volume.Spec.Local.Path;
        return Linux.KindOf(path) switch
        {
            FileKind.Directory => BindAsync(wanted, cancellationToken),
            FileKind.BlockDevice => MountDeviceAsync(wanted, cancellationToken),
            FileKind.None => throw new VolumeException($"path \"{path}\" does not exist") { Stage = Stage },
            _ => throw new VolumeException("only directory and block device are supported") { Stage = Stage },
        };
    }

    /// <summary>
    /// What was opened is what is mounted, whatever its name leads to then. The group comes first, so that what is
    /// mounted is whole.
    /// </summary>
    private async Task BindAsync(Wanted wanted, CancellationToken cancellationToken)
    {
        var local = wanted.Volume.Spec;
        using (var directory = HeldDirectory.Open(local.Local.Path))
        {
            GiveToGroup(wanted, directory);
            Linux.Mount(directory.ProcPath, wanted.Place, "", Linux.MountBind, "");
        }

        if (local.MountOptions is { Count: > 0 } options)
        {
            await mount.RunAsync(
                "", ["bind", "remount", .. MountProgram.Sorted(options)], local.Local.Path, wanted.Place,
                cancellationToken);
        }
    }

    /// <summary>Only what is mounted has a group.</summary>
    private async Task MountDeviceAsync(Wanted wanted, CancellationToken cancellationToken)
    {
        var local = wanted.Volume.Spec;
        await devices.MountAsync(
            BlockDevices.Find(local.Local.Path), local.Local.FsType ?? DefaultType, wanted.Place,
            local.MountOptions ?? [], wanted.IsReadOnly, cancellationToken);
        using var mounted = HeldDirectory.Open(wanted.Place);
        GiveToGroup(wanted, mounted);
    }

    private void GiveToGroup(Wanted wanted, HeldDirectory directory)
    {
        if (wanted.Pod.Spec.SecurityContext?.FsGroup is not { } group)
        {
            return;
        }

        if (!wanted.IsShared)
        {
            if (!wanted.IsReadOnly)
            {
                ownership.Give(directory, wanted.Pod, wanted.Place);
            }
        }
        else if (Linux.GroupOf(directory.ProcPath) is { } has && has != group)
        {
            events.Pod(
                wanted.Pod, EventRecorder.Warning, "AlreadyMountedVolume",
                $"The requested fsGroup is {group}, but the volume {wanted.Volume.Metadata.Name} has GID {has}. The " +
                "volume may not be shareable.");
        }
    }

    /// <summary>A volume as a pod wants it; shared when other pods have it mounted.</summary>
    private sealed record Wanted(
        V1Pod Pod, V1PersistentVolume Volume, string Place, bool IsReadOnly, bool IsShared);
}
