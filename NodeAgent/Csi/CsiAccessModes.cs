using Mode = OrleansOrchestrator.NodeAgent.Csi.V1.VolumeCapability.Types.AccessMode.Types.Mode;

namespace OrleansOrchestrator.NodeAgent.Csi;

/// <summary>What a driver calls the access modes of PersistentVolumes. Pure.</summary>
public static class CsiAccessModes
{
    /// <param name="mode">As the PersistentVolume has it.</param>
    /// <param name="knowsSeveralWriters">The driver tells one writing pod of a node from several.</param>
    public static Mode Of(string mode, bool knowsSeveralWriters) => (mode, knowsSeveralWriters) switch
    {
        ("ReadWriteOnce", false) or ("ReadWriteOncePod", false) => Mode.SingleNodeWriter,
        ("ReadWriteOnce", true) => Mode.SingleNodeMultiWriter,
        ("ReadWriteOncePod", true) => Mode.SingleNodeSingleWriter,
        ("ReadOnlyMany", _) => Mode.MultiNodeReaderOnly,
        ("ReadWriteMany", _) => Mode.MultiNodeMultiWriter,
        _ => Mode.Unknown,
    };
}
