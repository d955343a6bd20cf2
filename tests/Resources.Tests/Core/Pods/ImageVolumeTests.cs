using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Pods;

public sealed class ImageVolumeTests
{
    private const string Spec =
        "{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}],\"volumes\":[{\"name\":\"v\",\"image\":{}}]}";

    /// <summary>What a template leaves out may be filled in before there is a pod.</summary>
    [Fact]
    public void OnlyAPodMustSayWhichImage()
    {
        Assert.Equal(
            "spec.volumes[0].image.reference: Required value",
            Assert.Single(StrategyProbe.Create("Pod", $"{{\"metadata\":{{\"name\":\"a\"}},\"spec\":{Spec}}}")));
        Assert.Empty(StrategyProbe.Create(
            "PodTemplate",
            $"{{\"metadata\":{{\"name\":\"a\"}},\"template\":{{\"metadata\":{{}},\"spec\":{Spec}}}}}"));
    }
}
