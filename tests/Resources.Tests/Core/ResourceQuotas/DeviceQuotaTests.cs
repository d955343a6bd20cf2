using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Tests.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.ResourceQuotas;

/// <summary>How many devices a claim may get, by class and by the resources that pods know the class by.</summary>
public sealed class DeviceQuotaTests
{
    private const string Gpus = "gpu.deviceclass.resource.k8s.io/devices";
    private const string Count = "count/resourceclaims.resource.k8s.io";

    [Theory]
    [InlineData("""[{"name":"a","exactly":{"deviceClassName":"gpu","allocationMode":"ExactCount","count":2}}]""", 2, 0)]
    [InlineData("""[{"name":"a","exactly":{"deviceClassName":"gpu","allocationMode":"All"}}]""", 32, 0)]
    [InlineData("""[{"name":"a","exactly":{"deviceClassName":"gpu","allocationMode":"Later"}}]""", 0, 0)]
    [InlineData(
        """
        [{"name":"a","exactly":{"deviceClassName":"gpu","allocationMode":"ExactCount","count":2}},
         {"name":"b","exactly":{"deviceClassName":"gpu","allocationMode":"ExactCount","count":3}},
         {"name":"c","exactly":{"deviceClassName":"nic","allocationMode":"ExactCount","count":1}}]
        """,
        5, 1)]
    [InlineData(
        """
        [{"name":"a","firstAvailable":[
            {"name":"x","deviceClassName":"gpu","allocationMode":"ExactCount","count":2},
            {"name":"y","deviceClassName":"gpu","allocationMode":"ExactCount","count":7},
            {"name":"z","deviceClassName":"nic","allocationMode":"All"}]},
         {"name":"b","exactly":{"deviceClassName":"gpu","allocationMode":"ExactCount","count":1}}]
        """,
        8, 32)]
    public void DevicesAreCountedByClass(string requests, int gpus, int nics)
    {
        var used = Charge(Claim("c", requests), Around());

        Assert.Equal(
            (1, gpus, nics),
            (used(Count), used(Gpus), used("nic.deviceclass.resource.k8s.io/devices")));
        Assert.Equal(
            (gpus, gpus, nics),
            (used("requests.example.com/gpu"), used("requests.deviceclass.resource.kubernetes.io/gpu"),
                used("requests.deviceclass.resource.kubernetes.io/nic")));
    }

    [Fact]
    public void WhatAPodAsksForIsNotCountedAgainForItsClaim()
    {
        var pod = Pod("2");
        var claim = Owned("c", pod, "3");

        Assert.Equal((3, 1), Of(claim, Around(pod, claim)));
        Assert.Equal((3, 3), Of(claim, Around(Pod("2", uid: "other"), claim)));
        Assert.Equal((3, 3), Of(claim, Around(null, claim)));

        // The pod's own word counts where it says which claim is its own; otherwise only its first one is.
        pod.Status = new V1PodStatus { ExtendedResourceClaimStatus = new() { ResourceClaimName = "another" } };
        Assert.Equal((3, 3), Of(claim, Around(pod, claim)));
        pod.Status.ExtendedResourceClaimStatus.ResourceClaimName = "c";
        Assert.Equal((3, 1), Of(claim, Around(pod, claim, Owned("b", pod, "3"))));
        pod.Status = null;
        Assert.Equal((3, 3), Of(claim, Around(pod, claim, Owned("b", pod, "3"))));
        Assert.Equal((3, 1), Of(claim, Around(pod, claim, Owned("d", pod, "3"))));

        // Whoever only says so gains nothing.
        claim.Metadata.Annotations.Clear();
        Assert.Equal((3, 3), Of(claim, Around(pod, claim)));

        static (int, int) Of(Resourcev1ResourceClaim claim, DeviceSurroundings around) =>
            Charge(claim, around) is var used ? (used(Gpus), used("requests.example.com/gpu")) : default;
    }

    [Theory]
    [InlineData(Count, true)]
    [InlineData(Gpus, true)]
    [InlineData("nobody.deviceclass.resource.k8s.io/devices", true)]
    [InlineData("requests.example.com/gpu", true)]
    [InlineData("requests.deviceclass.resource.kubernetes.io/nic", true)]
    [InlineData("requests.deviceclass.resource.kubernetes.io/nobody", false)]
    [InlineData("requests.example.com/other", false)]
    [InlineData("requests.cpu", false)]
    [InlineData("count/resourceclaimtemplates.resource.k8s.io", false)]
    public void OnlyWhatClassesOfferIsBounded(string name, bool isBounded) =>
        Assert.Equal(isBounded, QuotaEvaluator.For(WellKnown.ResourceClaims, Around()).Bounds(name));

    [Fact]
    public void TooManyAreRefused()
    {
        var claim = Claim(
            "c", """[{"name":"a","exactly":{"deviceClassName":"gpu","allocationMode":"ExactCount","count":2}}]""");
        Assert.Equal(
            $"exceeded quota: q, requested: {Gpus}=2, used: {Gpus}=0, limited: {Gpus}=1",
            QuotaCharge.Of(new QuotedWrite(WellKnown.ResourceClaims, claim), [Quota(Gpus, 1)], Around()).Exceeded());
        Assert.Null(QuotaCharge.Of(
            new QuotedWrite(WellKnown.ResourceClaims, claim, claim), [Quota(Gpus, 1)], Around()).Exceeded());
    }

    [Fact]
    public void APodIsChargedForWhatAClassOffers()
    {
        const string Implicit = "requests.deviceclass.resource.kubernetes.io/gpu";
        var pod = Pod("2");
        pod.Spec.Containers[0].Resources.Requests["deviceclass.resource.kubernetes.io/gpu"] = new ResourceQuantity("4");

        Assert.Equal(
            $"exceeded quota: q, requested: {Implicit}=4, used: {Implicit}=0, limited: {Implicit}=3",
            QuotaCharge.Of(new QuotedWrite(WellKnown.Pods, pod), [Quota(Implicit, 3)]).Exceeded());
    }

    /// <summary>What of everything a quota without end has been charged.</summary>
    private static Func<string, int> Charge(Resourcev1ResourceClaim claim, DeviceSurroundings around)
    {
        string[] names =
        [
            Count, Gpus, "nic.deviceclass.resource.k8s.io/devices", "requests.example.com/gpu",
            "requests.deviceclass.resource.kubernetes.io/gpu", "requests.deviceclass.resource.kubernetes.io/nic",
        ];
        var quota = Quota([.. names.Select(static n => (n, 1000))]);
        var charge = QuotaCharge.Of(new QuotedWrite(WellKnown.ResourceClaims, claim), [quota], around);
        Assert.Null(charge.Refusal);
        charge.Apply();
        return name => (int)Quantity.Of(quota.Status.Used[name]).Value;
    }

    private static V1ResourceQuota Quota(string name, int hard) => Quota([(name, hard)]);

    private static V1ResourceQuota Quota(params (string Name, int Hard)[] bounds) => new()
    {
        Metadata = new V1ObjectMeta { Name = "q" },
        Spec = new V1ResourceQuotaSpec(),
        Status = new V1ResourceQuotaStatus
        {
            Hard = bounds.ToDictionary(static b => b.Name, static b => new ResourceQuantity($"{b.Hard}")),
            Used = bounds.ToDictionary(static b => b.Name, static _ => new ResourceQuantity("0")),
        },
    };

    private static DeviceSurroundings Around(V1Pod? pod = null, params Resourcev1ResourceClaim[] claims) => new(
        [Class("gpu", "example.com/gpu"), Class("nic", null)], name => pod?.Metadata.Name == name ? pod : null,
        () => claims);

    private static V1DeviceClass Class(string name, string? resource) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1DeviceClassSpec { ExtendedResourceName = resource },
    };

    private static Resourcev1ResourceClaim Claim(string name, string requests) =>
        (Resourcev1ResourceClaim)StrategyProbe.Read("ResourceClaim", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject { ["devices"] = new JsonObject { ["requests"] = JsonNode.Parse(requests) } },
        }.ToJsonString());

    private static Resourcev1ResourceClaim Owned(string name, V1Pod pod, string count)
    {
        var claim = Claim(
            name,
            $$"""
            [{"name":"a","exactly":{"deviceClassName":"gpu","allocationMode":"ExactCount","count":{{count}} } }]
            """);
        claim.Metadata.CreationTimestamp = DateTime.UnixEpoch;
        claim.Metadata.Annotations =
            new Dictionary<string, string> { ["resource.kubernetes.io/extended-resource-claim"] = "true" };
        claim.Metadata.OwnerReferences =
        [
            new V1OwnerReference
            {
                ApiVersion = "v1", Kind = "Pod", Name = "p", Uid = pod.Metadata.Uid, Controller = true,
            },
        ];
        return claim;
    }

    private static V1Pod Pod(string gpus, string uid = "uid") => new()
    {
        Metadata = new V1ObjectMeta { Name = "p", Uid = uid },
        Spec = new V1PodSpec
        {
            Containers =
            [
                new V1Container
                {
                    Name = "c",
                    Resources = new V1ResourceRequirements
                    {
                        Requests = new Dictionary<string, ResourceQuantity>
                        {
                            ["example.com/gpu"] = new ResourceQuantity(gpus),
                        },
                    },
                },
            ],
        },
    };
}
