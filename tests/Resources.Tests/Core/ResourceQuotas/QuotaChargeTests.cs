using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Tests.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.ResourceQuotas;

public sealed class QuotaChargeTests
{
    /// <summary>Whatever is created in whatever order: nothing over the bound, and nothing refused below it.</summary>
    [Fact]
    public void ChargesAddUpToTheBoundAndNoFurther() => Gen.Int[0, 900].Array[0, 12].Check(asks =>
    {
        var quota = Quota("""{"pods":"5","requests.cpu":"2"}""", "{}");
        var (pods, cpu) = (0, 0);
        foreach (var ask in asks)
        {
            var fits = pods < 5 && cpu + ask <= 2000;
            var charge = QuotaCharge.Of(WellKnown.Pods, Pod($"{ask}m"), null, [quota]);
            Assert.Equal(fits, charge.Refusal is null);
            (pods, cpu) = fits ? (pods + 1, cpu + ask) : (pods, cpu);
            Assert.Equal(pods, Quantity.Of(quota.Status.Used["pods"]).Value);
            Assert.Equal(cpu, Quantity.Of(quota.Status.Used["requests.cpu"]).MilliValue);
        }
    });

    [Fact]
    public void ContainersSayWhatIsBounded()
    {
        var charge = QuotaCharge.Of(
            WellKnown.Pods, Pod(null), null, [Quota("""{"requests.cpu":"1","limits.memory":"1"}""", "{}")]);
        Assert.Equal("failed quota: q: must specify limits.memory for: c; requests.cpu for: c", charge.Refusal);
    }

    [Fact]
    public void ContainersOfAPodThatSpeaksForItselfNeedNot()
    {
        var pod = Pod(null);
        pod.Spec.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new ResourceQuantity("1") },
        };

        Assert.Null(QuotaCharge.Of(
            WellKnown.Pods, pod, null, [Quota("""{"requests.cpu":"1","limits.memory":"1"}""", "{}")]).Refusal);
    }

    [Theory]
    [InlineData("""{"scopes":["BestEffort"]}""", false)]
    [InlineData("""{"scopes":["NotBestEffort"]}""", true)]
    [InlineData("""{"scopes":["NotBestEffort","Terminating"]}""", false)]
    [InlineData(
        """{"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In","values":["high"]}]}}""",
        true)]
    [InlineData(
        """{"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"NotIn","values":["high"]}]}}""",
        false)]
    public void AQuotaCountsWhatIsInAllOfItsScopes(string spec, bool counts)
    {
        var pod = Pod("1");
        pod.Spec.PriorityClassName = "high";
        var charge = QuotaCharge.Of(WellKnown.Pods, pod, null, [Quota("""{"pods":"0"}""", spec)]);
        Assert.Equal(counts, charge.Refusal is not null);
    }

    [Fact]
    public void AnUpdateIsChargedForWhatItAdds()
    {
        const string Hard = """{"requests.storage":"3Gi","gold.storageclass.storage.k8s.io/requests.storage":"3Gi"}""";
        var quota = Quota(Hard, "{}");
        quota.Status.Used["requests.storage"] = new ResourceQuantity("2Gi");
        var charge = QuotaCharge.Of(WellKnown.PersistentVolumeClaims, Claim("3Gi"), Claim("2Gi"), [quota]);
        Assert.Null(charge.Refusal);
        Assert.Equal("3Gi", quota.Status.Used["requests.storage"].ToString());
        Assert.Equal("1Gi", quota.Status.Used["gold.storageclass.storage.k8s.io/requests.storage"].ToString());
        Assert.Equal(
            "exceeded quota: q, requested: requests.storage=1Gi, used: requests.storage=3Gi, " +
                "limited: requests.storage=3Gi",
            QuotaCharge.Of(WellKnown.PersistentVolumeClaims, Claim("3Gi", "b"), Claim("2Gi", "b"), [quota]).Refusal);
    }

    private static V1ResourceQuota Quota(string hard, string spec)
    {
        var quota = (V1ResourceQuota)StrategyProbe.Read(
            "ResourceQuota", $$$"""{"metadata":{"name":"q"},"spec":{{{spec}}},"status":{"hard":{{{hard}}}}}""");
        quota.Status.Used = quota.Status.Hard.Keys.ToDictionary(static k => k, static _ => new ResourceQuantity("0"));
        return quota;
    }

    private static V1Pod Pod(string? cpu) => new()
    {
        Metadata = new V1ObjectMeta(),
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container
                {
                    Name = "c",
                    Resources = new V1ResourceRequirements
                    {
                        Requests = cpu is null
                            ? null
                            : new Dictionary<string, ResourceQuantity> { ["cpu"] = new ResourceQuantity(cpu) },
                    },
                },
            ],
        },
    };

    private static V1PersistentVolumeClaim Claim(string size, string ofClass = "gold") =>
        (V1PersistentVolumeClaim)StrategyProbe.Read(
            "PersistentVolumeClaim",
            $"{{\"spec\":{{\"storageClassName\":\"{ofClass}\",\"resources\":" +
                $"{{\"requests\":{{\"storage\":\"{size}\"}}}}}}}}");
}
