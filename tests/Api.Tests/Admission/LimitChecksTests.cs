using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Admission;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Admission;

public sealed class LimitChecksTests
{
    /// <summary>What a pod says of itself counts in the place of what its containers say together.</summary>
    [Theory]
    [InlineData("{}", null)]
    [InlineData("""{"limits":{"cpu":"4"}}""", "maximum cpu usage per Pod is 3, but limit is 4")]
    [InlineData("""{"requests":{"cpu":"100m"}}""", "minimum cpu usage per Pod is 500m, but request is 100m")]
    [InlineData("""{"limits":{"hugepages-2Mi":"4Mi"}}""", null)]
    public void APodsOwnAmountsCount(string own, string? expected)
    {
        var range = KubernetesJson.Deserialize<V1LimitRange>(
            """{"spec":{"limits":[{"type":"Pod","min":{"cpu":"500m"},"max":{"cpu":"3"}}]}}""");
        var spec = KubernetesJson.Deserialize<V1PodSpec>(
            """{"containers":[{"name":"c","resources":{"requests":{"cpu":"1"},"limits":{"cpu":"1"}}}]}""");
        spec.Resources = KubernetesJson.Deserialize<V1ResourceRequirements>(own);

        string[] complaints = expected is null ? [] : [expected];
        Assert.Equal(complaints, LimitChecks.OfPod(range, spec));
    }
}
