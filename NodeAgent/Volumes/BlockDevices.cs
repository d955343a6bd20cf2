using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Volumes;

/// <summary>Volumes that containers get as block devices, in upstream's steps and words.</summary>
public static class BlockDevices
{
    /// <summary>The mode of such volumes.</summary>
    public const string Mode = "Block";

    /// <summary>The reason of events about them.</summary>
    public const string FailedMap = "FailedMapVolume";

    /// <summary>The device that a path leads to; throws when there is none.</summary>
    public static string Find(string path) => Linux.KindOf(path) switch
    {
        FileKind.BlockDevice => new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path,
        FileKind.None => throw Failed("MapVolume.EvalHostSymlinks", $"lstat {path}: no such file or directory"),
        _ => throw Failed("MapVolume.MapBlockVolume", $"{path} is not a block device"),
    };

    /// <summary>What failed, as it is called of a volume that is mapped instead of mounted.</summary>
    public static VolumeException Named(VolumeException failure) => failure.RejectsPod ? failure : Failed(
        failure.Stage switch
        {
            "MountVolume.MountDevice" => "MapVolume.SetUpDevice",
            "MountVolume.SetUp" => "MapVolume.MapPodDevice",
            var other => other.Replace("MountVolume.", "MapVolume.", StringComparison.Ordinal),
        },
        failure.Message);

    /// <summary>For volumes of kinds that are directories only.</summary>
    public static VolumeException NoMapper() => Failed(
        "MapVolume.FindMapperPluginBySpec", "failed to find BlockVolumeMapper plugin. Volume plugin is nil.");

    private static VolumeException Failed(string stage, string problem) =>
        new(problem) { Stage = stage, Reason = FailedMap };
}
