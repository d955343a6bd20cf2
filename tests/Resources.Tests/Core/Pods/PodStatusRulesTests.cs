using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Pods;

/// <summary>What nodes and schedulers may say of a pod.</summary>
public sealed class PodStatusRulesTests
{
    private readonly PodStrategy _strategy = new();

    [Fact]
    public void UnreadableAddressesAreNoPair()
    {
        var errors = Update("""{"podIPs":[{"ip":"10.0.0.1"},{"ip":"x"}]}""");
        Assert.Equal(3, errors.Count);
        Assert.StartsWith("status.podIPs[1]: Invalid value: \"x\"", errors[0], StringComparison.Ordinal);
        Assert.Equal(
            "status.podIPs: Internal error: failed to check for dual stack with error:invalid IP[1]: x", errors[1]);
        Assert.EndsWith("may specify no more than one IP for each IP family", errors[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("linux", "status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive")]
    [InlineData("windows", "status.containerStatuses[0].user.linux: Forbidden: cannot be set for a windows pod")]
    public void UsersAreThoseOfTheSystem(string os, string text) => Assert.Equal(
        [text],
        Update(
            """{"containerStatuses":[{"name":"c","image":"i","imageID":"","user":{"linux":{"uid":-1,"gid":0}}}]}""",
            p => p.Spec.Os = new V1PodOS { Name = os }));

    [Fact]
    public void ResourcesAreTheContainers() => Assert.Equal(
        [
            "status.containerStatuses[0].allocatedResourcesStatus[1].name: Invalid value: \"example.com/b\": must " +
            "match one of the container's resource requests",
            "status.containerStatuses[0].allocatedResourcesStatus[1].resources[0].health: Unsupported value: " +
            "\"Fine\": supported values: \"Healthy\", \"Unhealthy\", \"Unknown\"",
            "status.containerStatuses[0].allocatedResourcesStatus[1].resources[1].resourceID: Duplicate value: \"1\"",
            "status.containerStatuses[0].allocatedResourcesStatus[3].name: Invalid value: \"claim:b\": must match " +
            "one of the container's resource claims in a format 'claim:<claimName>/<request>' or " +
            "'claim:<claimName>' if request is empty",
            "status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified in " +
            "container status",
        ],
        Update("""
            {"containerStatuses":[{"name":"c","image":"i","imageID":"","allocatedResourcesStatus":[
                {"name":"example.com/a","resources":[{"resourceID":"1","health":"Healthy"}]},
                {"name":"example.com/b","resources":[
                    {"resourceID":"1","health":"Fine"},{"resourceID":"1","health":"Unknown"}]},
                {"name":"claim:a/r"},
                {"name":"claim:b"}]}],
             "ephemeralContainerStatuses":[{"name":"e","image":"i","imageID":"","allocatedResourcesStatus":[
                {"name":"example.com/a"}]}]}
            """));

    [Fact]
    public void WhatIsSaidOfADeviceIsNeitherEmptyNorLong()
    {
        var errors = Update($$"""
            {"containerStatuses":[{"name":"c","image":"i","imageID":"","allocatedResourcesStatus":[
                {"name":"example.com/a","resources":[
                    {"resourceID":"1","health":"Unhealthy","message":""},
                    {"resourceID":"2","health":"Unhealthy","message":"{{new string('x', 1024)}}"},
                    {"resourceID":"3","health":"Unhealthy","message":"{{new string('x', 1025)}}"}]}]}]}
            """);
        const string Resources = "status.containerStatuses[0].allocatedResourcesStatus[0].resources";
        Assert.Equal(
            [
                $"{Resources}[0].message: Required value: must be non-empty if specified",
                $"{Resources}[2].message: Too long: may not be more than 1024 bytes",
            ],
            errors);
    }

    [Fact]
    public void ExtendedResourcesComeFromOneClaim()
    {
        Assert.Empty(Update("""
            {"extendedResourceClaimStatus":{"resourceClaimName":"x","requestMappings":[
                {"containerName":"c","resourceName":"example.com/a","requestName":"r"}]}}
            """));
        Assert.Equal(
            [
                "status.extendedResourceClaimStatus.requestMappings: Required value: at least one request mapping is " +
                "required",
                "status.extendedResourceClaimStatus.resourceClaimName: Required value",
            ],
            Update("""{"extendedResourceClaimStatus":{"resourceClaimName":"","requestMappings":[]}}"""));
        var errors = Update("""
            {"extendedResourceClaimStatus":{"resourceClaimName":"x","requestMappings":[
                {"containerName":"d","resourceName":"example.com/a","requestName":"R"},
                {"containerName":"c","resourceName":"example.com/b","requestName":"r"},
                {"containerName":"c","resourceName":"example.com/a","requestName":"r"},
                {"containerName":"c","resourceName":"example.com/a","requestName":"r"}]}}
            """);
        Assert.Equal(
            [
                "status.extendedResourceClaimStatus.requestMappings[0].containerName: Invalid value",
                "status.extendedResourceClaimStatus.requestName: Invalid value",
                "status.extendedResourceClaimStatus.requestMappings[1].resourceName: Invalid value",
                "status.extendedResourceClaimStatus.requestMappings[3].containerName: Duplicate value",
                "status.extendedResourceClaimStatus.requestMappings[3].resourceName: Duplicate value",
                "status.extendedResourceClaimStatus.requestMappings[3].requestName: Duplicate value",
            ],
            errors.Select(e => string.Join(": ", e.Split(": ").Take(2))));
    }

    /// <summary>Upstream's slip: the name of the entry is blamed.</summary>
    [Fact]
    public void ClaimsThatWereMadeHaveGoodNames() => Assert.StartsWith(
        "status.resourceClaimStatuses[0].name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain",
        Assert.Single(Update(
            """{"resourceClaimStatuses":[{"name":"k","resourceClaimName":"A_"}]}""",
            p => p.Spec.ResourceClaims = [new V1PodResourceClaim { Name = "k", ResourceClaimTemplateName = "t" }])),
        StringComparison.Ordinal);

    [Fact]
    public void WhatIsSwitchedOffIsDropped()
    {
        var errors = Update(
            """
            {"containerStatuses":[{"name":"c","image":"i","imageID":"","volumeMounts":[
                {"name":"v","mountPath":"/v","volumeStatus":{"image":{"imageRef":""}}}]}]}
            """,
            out var pod);
        Assert.Empty(errors);
        Assert.Null(pod.Status.ContainerStatuses[0].VolumeMounts[0].VolumeStatus);
    }

    private List<string> Update(string status, Action<V1Pod>? before = null) => Update(status, out _, before);

    private List<string> Update(string status, out V1Pod pod, Action<V1Pod>? before = null)
    {
        var old = Make(before);
        pod = Make(before);
        pod.Status = KubernetesJson.Deserialize<V1PodStatus>(status);
        _strategy.SetDefaults(pod);
        _strategy.PrepareForUpdate(pod, old, "status");
        var errors = new FieldErrors { Before = old };
        _strategy.ValidateUpdate(pod, old, "status", errors);
        return [.. errors.All.Select(e => $"{e.Field}: {e.Message}")];
    }

    private V1Pod Make(Action<V1Pod>? change)
    {
        var pod = KubernetesJson.Deserialize<V1Pod>(
            """
            {"metadata":{"name":"p","namespace":"n","uid":"u","resourceVersion":"1"},
             "spec":{"containers":[{"name":"c","image":"i","resources":{
                "requests":{"example.com/a":"1"},"limits":{"example.com/a":"1"},"claims":[{"name":"a","request":"r"}]}}]}}
            """);
        change?.Invoke(pod);
        _strategy.SetDefaults(pod);
        _strategy.PrepareForCreate(pod);
        return pod;
    }
}
