using System.Net;
using System.Net.Sockets;
using k8s.Models;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// What NFS servers export, of pods and of PersistentVolumes: mounted for each pod by the machine's mount.nfs, which
/// has to be installed. They belong to no group: that is the server's.
/// </summary>
public sealed class NfsVolumes(MountProgram mount)
{
    /// <summary>The plugin's name, and the file system's.</summary>
    public const string Plugin = "nfs";

    /// <summary>Mounts it, unless it is.</summary>
    /// <param name="place">Where.</param>
    /// <param name="source">What.</param>
    /// <param name="options">By their names.</param>
    /// <param name="isReadOnly">Nobody writes there.</param>
    /// <param name="cancellationToken">Gives up, as a server that does not answer takes long.</param>
    public async Task<string> MountAsync(
        string place, V1NFSVolumeSource source, IEnumerable<string> options, bool isReadOnly,
        CancellationToken cancellationToken)
    {
        if (!MountPoints.Contains(place))
        {
            OwnFiles.MakePrivate(place);
            var all = MountProgram.Sorted(isReadOnly ? options.Append("ro") : options);
            await mount.RunAsync(Plugin, all, $"{Host(source.Server)}:{source.Path}", place, cancellationToken);
        }

        return place;
    }

    /// <summary>How a PersistentVolume wants to be mounted: what its annotation says, else its field.</summary>
    public static IEnumerable<string> OptionsOf(V1PersistentVolume volume) =>
        volume.GetAnnotation(PersistentVolumeStrategy.MountOptionsAnnotation)?.Split(',')
            ?? volume.Spec.MountOptions ?? [];

    private static string Host(string server) =>
        IPAddress.TryParse(server, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
            ? $"[{server}]" : server;
}
