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
            var refusal = Charge(new QuotedWrite(WellKnown.Pods, Pod($"{ask}m")), quota);
            Assert.Equal(fits, refusal is null);
            (pods, cpu) = fits ? (pods + 1, cpu + ask) : (pods, cpu);
            Assert.Equal(pods, Quantity.Of(quota.Status.Used["pods"]).Value);
            Assert.Equal(cpu, Quantity.Of(quota.Status.Used["requests.cpu"]).MilliValue);
        }
    });

    [Fact]
    public void ContainersSayWhatIsBounded()
    {
        var charge = QuotaCharge.Of(
            new QuotedWrite(WellKnown.Pods, Pod(null)), [Quota("""{"requests.cpu":"1","limits.memory":"1"}""", "{}")]);
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
            new QuotedWrite(WellKnown.Pods, pod),
            [Quota("""{"requests.cpu":"1","limits.memory":"1"}""", "{}")]).Refusal);
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
        var charge = QuotaCharge.Of(new QuotedWrite(WellKnown.Pods, pod), [Quota("""{"pods":"0"}""", spec)]);
        Assert.Equal(counts, charge.Exceeded() is not null);
    }

    [Fact]
    public void AnUpdateIsChargedForWhatItAdds()
    {
        const string Hard = """{"requests.storage":"3Gi","gold.storageclass.storage.k8s.io/requests.storage":"3Gi"}""";
        var quota = Quota(Hard, "{}");
        quota.Status.Used["requests.storage"] = new ResourceQuantity("2Gi");
        Assert.Null(Charge(new QuotedWrite(WellKnown.PersistentVolumeClaims, Claim("3Gi"), Claim("2Gi")), quota));
        Assert.Equal("3Gi", quota.Status.Used["requests.storage"].ToString());
        Assert.Equal("1Gi", quota.Status.Used["gold.storageclass.storage.k8s.io/requests.storage"].ToString());
        Assert.Equal(
            "exceeded quota: q, requested: requests.storage=1Gi, used: requests.storage=3Gi, " +
                "limited: requests.storage=3Gi",
            QuotaCharge.Of(
                new QuotedWrite(WellKnown.PersistentVolumeClaims, Claim("3Gi", "b"), Claim("2Gi", "b")), [quota])
                .Exceeded());
    }

    /// <summary>
    /// What was in another scope before is new to a quota, and stays what it was to those that knew it.
    /// </summary>
    [Fact]
    public void AnUpdateIsChargedAsAWholeWhereItComesFromAnotherScope()
    {
        var terminating = Quota("""{"pods":"1","requests.cpu":"9"}""", """{"scopes":["Terminating"]}""");
        var all = Quota("""{"pods":"1","requests.cpu":"3"}""", "{}");
        all.Status.Used["pods"] = all.Status.Used["requests.cpu"] = new ResourceQuantity("1");
        var (old, pod) = (Pod("1"), Pod("2"));
        pod.Spec.ActiveDeadlineSeconds = 30;
        var write = new QuotedWrite(WellKnown.Pods, pod, old);
        Assert.True(QuotaEvaluator.IsConcerned(write));

        Assert.Null(Charge(write, terminating, all));
        Assert.Equal(("1", "2"), Used(terminating));
        Assert.Equal(("1", "2"), Used(all));
        Assert.Equal(
            "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
            QuotaCharge.Of(write, [terminating]).Exceeded());

        static (string, string) Used(V1ResourceQuota quota) =>
            (quota.Status.Used["pods"].ToString(), quota.Status.Used["requests.cpu"].ToString());
    }

    /// <summary>What a claim has got is counted, whatever the quota says.</summary>
    [Fact]
    public void AStatusIsChargedAndNotRefused()
    {
        var quota = Quota(
            """{"persistentvolumeclaims":"0","requests.storage":"1"}""",
            """
            {"scopeSelector":{"matchExpressions":[
            {"scopeName":"VolumeAttributesClass","operator":"In","values":["gold"]}]}}
            """);
        var (old, claim) = (Claim("1500m"), Claim("1500m"));
        claim.Status = new V1PersistentVolumeClaimStatus { CurrentVolumeAttributesClassName = "gold" };
        var write = new QuotedWrite(WellKnown.PersistentVolumeClaims, claim, old, "status");
        Assert.True(QuotaEvaluator.IsConcerned(write));
        Assert.False(QuotaEvaluator.IsConcerned(write with { Old = claim }));

        var charge = QuotaCharge.Of(write, [quota]);
        Assert.True(charge.IsOwed);
        charge.Apply();
        Assert.Equal("1", quota.Status.Used["persistentvolumeclaims"].ToString());
        Assert.Equal("2", quota.Status.Used["requests.storage"].ToString());
        var asked = QuotaCharge.Of(write with { Subresource = "" }, [quota]);
        Assert.False(asked.IsOwed);
        Assert.NotNull(asked.Exceeded());
    }

    /// <summary>A claim between two classes is in a scope when one of them is.</summary>
    [Theory]
    [InlineData("In", true, false)]
    [InlineData("NotIn", true, true)]
    public void AClaimOfTwoClassesIsInTheScopesOfEither(string how, bool between, bool without)
    {
        var quota = Quota(
            """{"persistentvolumeclaims":"9"}""",
            $$$"""
            {"scopeSelector":{"matchExpressions":[
            {"scopeName":"VolumeAttributesClass","operator":"{{{how}}}","values":["gold"]}]}}
            """);
        var claim = Claim("1");
        Assert.Equal(without, Counts());
        claim.Spec.VolumeAttributesClassName = "gold";
        claim.Status = new V1PersistentVolumeClaimStatus { CurrentVolumeAttributesClassName = "silver" };
        Assert.Equal(between, Counts());

        bool Counts() =>
            QuotaCharge.Of(new QuotedWrite(WellKnown.PersistentVolumeClaims, claim), [quota]).Parts.Count > 0;
    }

    [Fact]
    public void WhatIsOnlyJudgedLeavesNoTrace()
    {
        var quota = Quota("""{"pods":"5"}""", "{}");
        Assert.Null(QuotaCharge.Of(new QuotedWrite(WellKnown.Pods, Pod("1")), [quota]).Exceeded());
        Assert.Equal("0", quota.Status.Used["pods"].ToString());
    }

    /// <summary>Null when the quotas bear it, and are charged.</summary>
    private static string? Charge(QuotedWrite write, params V1ResourceQuota[] quotas)
    {
        var charge = QuotaCharge.Of(write, quotas);
        if ((charge.Refusal ?? charge.Exceeded()) is { } refusal)
        {
            return refusal;
        }

        charge.Apply();
        return null;
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
