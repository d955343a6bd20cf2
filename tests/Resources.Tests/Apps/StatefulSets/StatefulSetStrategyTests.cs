using k8s.Models;
using OrleansOrchestrator.Resources.Apps.StatefulSets;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Apps.StatefulSets;

public sealed class StatefulSetStrategyTests
{
    [Theory]
    [InlineData(false, "spec.volumeClaimTemplates[0].resources.requests[storage]")]
    [InlineData(true, "spec.volumeClaimTemplates[0].Spec.resources.requests[storage]")]
    public void ClaimsOfTemplatesAreLookedAt(bool isUpdate, string place)
    {
        var item = (V1StatefulSet)StrategyProbe.Read(
            "StatefulSet",
            "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}," +
                "\"volumeClaimTemplates\":[{\"metadata\":{\"name\":\"v\"},\"spec\":{\"resources\":{\"requests\":{\"storage\":\"200m\"}}}}]}}");
        Assert.Equal(
            [$"{place}: fractional byte value \"200m\" is invalid, must be an integer"],
            new StatefulSetStrategy().Warnings(item, isUpdate ? item : null));
    }
}
