using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.PersistentVolumes;

/// <summary>The pod that empties a volume so that another claim may have it; upstream's, to the letter. Pure.</summary>
internal static class RecyclerPod
{
    /// <summary>Where these pods run.</summary>
    public const string Namespace = "default";

    private const string Prefix = "recycler-for-";
    private const string Image = "registry.k8s.io/build-image/debian-base:bookworm-v1.0.6";
    private const string VolumeName = "vol";
    private const string Path = "/scrub";
    private const string Script =
        "test -e /scrub && find /scrub -mindepth 1 -delete && test -z \"$(ls -A /scrub)\" || exit 1";

    private const long Gibi = 1L << 30;
    private const long SecondsPerGibi = 30;

    /// <summary>The name of a volume's pod.</summary>
    public static string NameFor(string volume) => Prefix + volume;

    /// <summary>The volume that a pod of this name empties; null for other pods.</summary>
    public static string? VolumeOf(string inNamespace, string name) =>
        inNamespace == Namespace && name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : null;

    /// <summary>The pod for a volume; null for volumes that nobody knows how to empty.</summary>
    public static V1Pod? For(V1PersistentVolume volume) => volume.Spec switch
    {
        { HostPath: { } host } => New(
            volume, leastSeconds: 60, new V1Volume
            {
                Name = VolumeName, HostPath = new V1HostPathVolumeSource { Path = host.Path },
            }),
        { Nfs: { } nfs } => New(
            volume, leastSeconds: 300, new V1Volume
            {
                Name = VolumeName, Nfs = new V1NFSVolumeSource { Server = nfs.Server, Path = nfs.Path },
            }),
        _ => null,
    };

    private static V1Pod New(V1PersistentVolume volume, long leastSeconds, V1Volume source) => new()
    {
        Metadata = new V1ObjectMeta { Name = NameFor(volume.Metadata.Name), NamespaceProperty = Namespace },
        Spec = new V1PodSpec
        {
            ActiveDeadlineSeconds = Math.Max(leastSeconds, Gibis(volume) * SecondsPerGibi),
            RestartPolicy = "Never",
            Volumes = [source],
            Containers =
            [
                new V1Container
                {
                    Name = "pv-recycler",
                    Image = Image,
                    Command = ["/bin/sh"],
                    Args = ["-c", Script],
                    VolumeMounts = [new V1VolumeMount { Name = VolumeName, MountPath = Path }],
                },
            ],
        },
    };

    private static long Gibis(V1PersistentVolume volume) => VolumeMatch.Capacity(volume).Value / Gibi;
}
