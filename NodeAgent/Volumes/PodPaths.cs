using OrleansOrchestrator.NodeAgent.Csi;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>Where the files of a pod lie below the data directory. The layout is the kubelet's.</summary>
public sealed class PodPaths(NodeAgentOptions options)
{
    public string Pod(string uid) => Path.Combine(options.PodsDirectory, uid);

    public string Volumes(string uid) => Path.Combine(Pod(uid), "volumes");

    public string Volume(string uid, string plugin, string name) =>
        Path.Combine(Volumes(uid), $"kubernetes.io~{plugin}", name);

    public string ImageVolume(string uid, string name) => Volume(uid, "image", name);

    /// <summary>The names of a pod's image volumes that have a place here.</summary>
    public IEnumerable<string> ImageVolumes(string uid)
    {
        var all = new DirectoryInfo(Path.GetDirectoryName(ImageVolume(uid, "_"))!);
        return all.Exists ? all.EnumerateDirectories().Select(static d => d.Name) : [];
    }

    /// <summary>The directory that a pod has for a volume of a driver's; the driver mounts below it.</summary>
    public string CsiVolume(string uid, string name) => Volume(uid, "csi", name);

    /// <summary>The directory that a pod has for a block volume of a driver's, which puts the device into it.</summary>
    public string CsiDevice(string uid, string name) =>
        Path.Combine(Pod(uid), "volumeDevices", "kubernetes.io~csi", name);

    /// <summary>Below them only drivers unmount.</summary>
    public IReadOnlyList<string> OfDrivers(string uid) =>
        [Path.GetDirectoryName(CsiVolume(uid, "_"))!, Path.GetDirectoryName(CsiDevice(uid, "_"))!];

    /// <summary>Where drivers have mounted, or may have, what a pod uses.</summary>
    public IEnumerable<string> CsiTargets(string uid) =>
        from place in OfDrivers(uid)
        where Directory.Exists(place)
        from directory in Directory.EnumerateDirectories(place)
        select CsiPlaces.Target(directory);

    public string SubPath(string uid, string volume, string container, int index) =>
        Path.Combine(Pod(uid), "volume-subpaths", volume, container, $"{index}");

    /// <summary>Which user ids of the machine the pod has for itself.</summary>
    public string UserNamespace(string uid) => Path.Combine(Pod(uid), "userns");

    public string HostsFile(string uid) => Path.Combine(Pod(uid), "etc-hosts");

    /// <summary>The file a container instance may write its last words to.</summary>
    public string TerminationLog(string uid, string container, int restartCount) =>
        Path.Combine(Pod(uid), "containers", container, $"{restartCount}");

    /// <summary>Uids of pods that have files here.</summary>
    public IEnumerable<string> KnownUids() => Directory.Exists(options.PodsDirectory)
        ? new DirectoryInfo(options.PodsDirectory).EnumerateDirectories().Select(d => d.Name)
        : [];
}
