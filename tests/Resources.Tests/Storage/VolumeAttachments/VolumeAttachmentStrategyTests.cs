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
}
