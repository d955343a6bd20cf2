using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Storage.VolumeAttachments;

public sealed class VolumeAttachmentStrategyTests
{
    [Fact]
    public void AnUpdateIsJudgedOnce()
    {
        const string Item = "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"},\"spec\":{\"attacher\":\"d\"," +
            "\"nodeName\":\"\",\"source\":{\"persistentVolumeName\":\"v\"}}}";
        Assert.StartsWith(
            "spec.nodeName",
            Assert.Single(StrategyProbe.Update("VolumeAttachment", Item, Item)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void TheNameOfTheDriverIsJudgedFirstAndThatOfTheVolumeLast()
    {
        const string Bad = "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"},\"spec\":{\"attacher\":\"d_\"," +
            "\"nodeName\":\"\",\"source\":{\"persistentVolumeName\":\"v_\"}}}";
        string[] places = ["spec.attacher", "spec.nodeName", "spec.source.persistentVolumeName"];
        Assert.Equal(places, StrategyProbe.Create("VolumeAttachment", Bad).Select(Place));
        Assert.Equal(places, StrategyProbe.Update("VolumeAttachment", Bad, Bad).Select(Place));
        static string Place(string finding) => finding[..finding.IndexOf(':', StringComparison.Ordinal)];
    }
}
