using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>
/// Which volumes of a pod the node has to mount, and what it says of those of kinds that it cannot. Pure.
/// </summary>
public static class VolumePlugins
{
    public const string EmptyDir = "empty-dir";

    private const string HostPath = "host-path";

    /// <summary>One that no container uses is not mounted; that it could not be is nobody's trouble.</summary>
    public static IEnumerable<V1Volume> UsedVolumes(this V1Pod pod)
    {
        var used = pod.AllContainers().SelectMany(c => (c.VolumeMounts ?? []).Select(m => m.Name)
            .Concat((c.VolumeDevices ?? []).Select(d => d.Name))
            .Concat((c.Env ?? []).Select(e =>
                e.ValueFrom?.FileKeyRef?.VolumeName).OfType<string>())).ToHashSet(StringComparer.Ordinal);
        return (pod.Spec.Volumes ?? []).Where(v => used.Contains(v.Name));
    }

    /// <summary>Throws when there are volumes that nothing on the node can even begin to mount.</summary>
    public static void Require(V1Pod pod, IReadOnlyDictionary<string, ClaimedVolume> claimed)
    {
        var missing = pod.UsedVolumes().Select(v => (v.Name, Problem: Problem(v, claimed))).Where(p =>
            p.Problem is not null).ToList();
        if (missing.Count > 0)
        {
            var names = string.Join(' ', missing.Select(p => p.Name));
            var problems = string.Join("; ", missing.Select(p => p.Problem));
            throw new VolumeException(
                $"Unable to attach or mount volumes: unmounted volumes=[{names}], unattached volumes=[], failed to process volumes=[{names}]: {problems}");
        }
    }

    /// <summary>Upstream's name of the plugin that sets a volume up.</summary>
    /// <param name="volume">The pod's.</param>
    /// <param name="persistent">What its claim is bound to; null for a volume that is none.</param>
    public static string NameOf(V1Volume volume, V1PersistentVolume? persistent) => "kubernetes.io/" + (
        persistent is null ? PluginOf(volume)
        : persistent.Spec.Csi is { } source ? $"csi:{source.Driver}"
        : persistent.Spec.HostPath is not null ? HostPath
        : OfDirectory(persistent.Spec));

    /// <summary>The short name of the plugin for a PersistentVolume that is mounted in its pods' directories.</summary>
    public static string OfDirectory(V1PersistentVolumeSpec spec) =>
        spec.Nfs is not null ? NfsVolumes.Plugin : "local-volume";

    /// <summary>
    /// The short name of the plugin for a volume that the node makes and fills itself, below which its directory lies;
    /// null for all others.
    /// </summary>
    public static string? OwnPluginOf(V1Volume volume) => volume switch
    {
        { EmptyDir: not null } => EmptyDir,
        { ConfigMap: not null } => "configmap",
        { Secret: not null } => "secret",
        { DownwardAPI: not null } => "downward-api",
        { Projected: not null } => "projected",
        _ => null,
    };

    /// <summary>What is said of a volume that no plugin is for.</summary>
    public static string NoPlugin(string volume) =>
        $"failed to get Plugin from volumeSpec for volume \"{volume}\" err=no volume plugin matched";

    private static string? Problem(V1Volume volume, IReadOnlyDictionary<string, ClaimedVolume> claimed) => volume switch
    {
        _ when claimed.TryGetValue(volume.Name, out var claim) => claim.Problem,
        _ when PluginOf(volume) is not null => null,
        _ => NoPlugin(volume.Name),
    };

    private static string? PluginOf(V1Volume volume) => OwnPluginOf(volume) ?? volume switch
    {
        { HostPath: not null } => HostPath,
        { Nfs: not null } => NfsVolumes.Plugin,
        { Image: not null } => "image",
        { Csi: { } csi } => $"csi:{csi.Driver}",
        _ => null,
    };
}
