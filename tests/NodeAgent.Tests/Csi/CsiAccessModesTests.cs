using OrleansOrchestrator.NodeAgent.Csi;
using Xunit;
using Mode = OrleansOrchestrator.NodeAgent.Csi.V1.VolumeCapability.Types.AccessMode.Types.Mode;

namespace OrleansOrchestrator.NodeAgent.Tests.Csi;

public sealed class CsiAccessModesTests
{
    [Theory]
    [InlineData("ReadWriteOnce", Mode.SingleNodeWriter, Mode.SingleNodeMultiWriter)]
    [InlineData("ReadWriteOncePod", Mode.SingleNodeWriter, Mode.SingleNodeSingleWriter)]
    [InlineData("ReadOnlyMany", Mode.MultiNodeReaderOnly, Mode.MultiNodeReaderOnly)]
    [InlineData("ReadWriteMany", Mode.MultiNodeMultiWriter, Mode.MultiNodeMultiWriter)]
    [InlineData("other", Mode.Unknown, Mode.Unknown)]
    public void Modes_are_told_as_finely_as_the_driver_knows_them(string mode, Mode coarse, Mode fine)
    {
        Assert.Equal(coarse, CsiAccessModes.Of(mode, knowsSeveralWriters: false));
        Assert.Equal(fine, CsiAccessModes.Of(mode, knowsSeveralWriters: true));
    }
}
