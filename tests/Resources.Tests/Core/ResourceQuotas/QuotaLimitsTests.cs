using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.ResourceQuotas;

/// <summary>What may be used only where a quota covers it.</summary>
public sealed class QuotaLimitsTests
{
    private const string Services = """{"scopeName":"PriorityClass","operator":"In","values":["cluster-services"]}""";

    [Theory]
    [InlineData(null, "{}", "insufficient quota to consume: cpu,requests.cpu")]
    [InlineData("""{"pods":"5"}""", "{}", "insufficient quota to consume: cpu,requests.cpu")]
    [InlineData("""{"requests.cpu":"5"}""", "{}", "insufficient quota to consume: cpu")]
    [InlineData("""{"requests.cpu":"5","cpu":"5"}""", "{}", null)]
    [InlineData(
        """{"requests.cpu":"5","cpu":"5"}""", """{"scopes":["BestEffort"]}""",
        "insufficient quota to consume: cpu,requests.cpu")]
    public void WhatIsLimitedByNameNeedsAQuotaThatBoundsIt(string? hard, string spec, string? refusal)
    {
        var limits = new QuotaLimits([new LimitedResource(WellKnown.Pods, ["cpu"], [])]);

        var charge = Charge(Pod("plain"), hard, spec, limits);

        Assert.Equal((refusal, false), (charge.Refusal, charge.IsFailure));
    }

    [Theory]
    [InlineData("cluster-services", null, "{}", false)]
    [InlineData("cluster-services", """{"pods":"5"}""", "{}", false)]
    [InlineData("cluster-services", """{"pods":"5"}""", $$$"""{"scopeSelector":{"matchExpressions":[{{{Services}}}]}}""", true)]
    [InlineData("cluster-services", """{"pods":"5"}""", """{"scopes":["PriorityClass"]}""", true)]
    [InlineData("plain", null, "{}", true)]
    public void WhatIsLimitedByItsScopeNeedsAQuotaOfThatScope(string name, string? hard, string spec, bool isCovered)
    {
        var scope = KubernetesJson.Deserialize<V1ScopedResourceSelectorRequirement>(Services);
        var limits = new QuotaLimits([new LimitedResource(WellKnown.Pods, [], [scope])]);

        var charge = Charge(Pod(name), hard, spec, limits);

        Assert.Equal(!isCovered, charge.IsFailure);
        Assert.Equal(
            isCovered ? null : "insufficient quota to match these scopes: [{PriorityClass In [cluster-services]}]",
            charge.Refusal);
    }

    /// <summary>Limits of one resource are none of another, and who uses no more than before needs nothing.</summary>
    [Fact]
    public void OthersAreNotLimited()
    {
        var limits = new QuotaLimits(
            [new LimitedResource(WellKnown.Pods, [""], []), new LimitedResource(WellKnown.Services, [""], [])]);
        var map = new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "c" } };
        Assert.Null(QuotaCharge.Of(new QuotedWrite(WellKnown.ConfigMaps, map), [], null, limits).Refusal);

        var service = new V1Service { Metadata = new V1ObjectMeta { Name = "s" }, Spec = new V1ServiceSpec() };
        Assert.NotNull(QuotaCharge.Of(new QuotedWrite(WellKnown.Services, service), [], null, limits).Refusal);
        Assert.Null(QuotaCharge.Of(new QuotedWrite(WellKnown.Services, service, service), [], null, limits).Refusal);
    }

    private static QuotaCharge Charge(V1Pod pod, string? hard, string spec, QuotaLimits limits) => QuotaCharge.Of(
        new QuotedWrite(WellKnown.Pods, pod), hard is null ? [] : [Quota(hard, spec)], null, limits);

    private static V1Pod Pod(string priorityClass) => KubernetesJson.Deserialize<V1Pod>($$$$"""
        {"metadata":{"name":"p"},"spec":{"priorityClassName":"{{{{priorityClass}}}}",
        "containers":[{"name":"c","resources":{"requests":{"cpu":"1"}}}]}}
        """);

    private static V1ResourceQuota Quota(string hard, string spec)
    {
        var quota = new V1ResourceQuota
        {
            Metadata = new V1ObjectMeta { Name = "q" }, Spec = KubernetesJson.Deserialize<V1ResourceQuotaSpec>(spec),
            Status = KubernetesJson.Deserialize<V1ResourceQuotaStatus>($$$"""{"hard":{{{hard}}} }"""),
        };
        quota.Status.Used = quota.Status.Hard.ToDictionary(static h => h.Key, static _ => new ResourceQuantity("0"));
        return quota;
    }
}
