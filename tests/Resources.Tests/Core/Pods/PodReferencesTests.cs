using System.Text;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Pods;

/// <summary>
/// Every place of a pod that refers to an object gives its node the right to read that, and only that.
/// </summary>
public sealed class PodReferencesTests
{
    [Theory]
    [InlineData("secrets", """{"imagePullSecrets":[{"name":"x"}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","secret":{"secretName":"x"}}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","projected":{"sources":[{"secret":{"name":"x"}}]}}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","azureFile":{"secretName":"x","shareName":"s"}}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","cephfs":{"secretRef":{"name":"x"},"monitors":["m"]}}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","cinder":{"secretRef":{"name":"x"},"volumeID":"i"}}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","flexVolume":{"secretRef":{"name":"x"},"driver":"d"}}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","rbd":{"secretRef":{"name":"x"},"image":"i","monitors":["m"]}}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","scaleIO":{"secretRef":{"name":"x"},"gateway":"g","system":"s"}}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","iscsi":{"secretRef":{"name":"x"},"iqn":"i","targetPortal":"t"}}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","storageos":{"secretRef":{"name":"x"}}}]}""")]
    [InlineData("secrets", """{"volumes":[{"name":"v","csi":{"nodePublishSecretRef":{"name":"x"},"driver":"d"}}]}""")]
    [InlineData("secrets", """{"containers":[{"name":"c","envFrom":[{"secretRef":{"name":"x"}}]}]}""")]
    [InlineData("secrets", """{"containers":[{"name":"c","env":[{"name":"E","valueFrom":{"secretKeyRef":{"name":"x","key":"k"}}}]}]}""")]
    [InlineData("secrets", """{"initContainers":[{"name":"c","envFrom":[{"secretRef":{"name":"x"}}]}]}""")]
    [InlineData("secrets", """{"ephemeralContainers":[{"name":"c","envFrom":[{"secretRef":{"name":"x"}}]}]}""")]
    [InlineData("configmaps", """{"volumes":[{"name":"v","configMap":{"name":"x"}}]}""")]
    [InlineData("configmaps", """{"volumes":[{"name":"v","projected":{"sources":[{"configMap":{"name":"x"}}]}}]}""")]
    [InlineData("configmaps", """{"containers":[{"name":"c","envFrom":[{"configMapRef":{"name":"x"}}]}]}""")]
    [InlineData("configmaps", """{"initContainers":[{"name":"c","env":[{"name":"E","valueFrom":{"configMapKeyRef":{"name":"x","key":"k"}}}]}]}""")]
    [InlineData("configmaps", """{"ephemeralContainers":[{"name":"c","env":[{"name":"E","valueFrom":{"configMapKeyRef":{"name":"x","key":"k"}}}]}]}""")]
    [InlineData("serviceaccounts", """{"serviceAccountName":"x"}""")]
    [InlineData("persistentvolumeclaims", """{"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"x"}}]}""")]
    [InlineData("resourceclaims", """{"resourceClaims":[{"name":"c","resourceClaimName":"x"}]}""")]
    public void EveryPlaceCounts(string resource, string spec)
    {
        var pod = Pod(spec);
        foreach (var kind in (string[])["secrets", "configmaps", "serviceaccounts", "persistentvolumeclaims",
            "resourceclaims", "nodes"])
        {
            Assert.Equal(kind == resource, PodReferences.Has(pod, kind, "x"));
            Assert.False(PodReferences.Has(pod, kind, "y"));
        }

        Assert.NotNull(PodReferences.FirstKind(pod));
        pod.Metadata.Annotations = new Dictionary<string, string> { ["kubernetes.io/config.mirror"] = "m" };
        Assert.False(PodReferences.Has(pod, resource, "x"), "a mirror pod, which nodes write, gives no rights");
    }

    [Fact]
    public void ClaimsThatWereMadeForThePodCount()
    {
        var pod = Pod("""{"resourceClaims":[{"name":"c","resourceClaimTemplateName":"t"}]}""");
        Assert.False(PodReferences.Has(pod, "resourceclaims", "t"));
        pod.Status = new V1PodStatus
        {
            ResourceClaimStatuses = [new V1PodResourceClaimStatus { Name = "c", ResourceClaimName = "p-c" }],
            ExtendedResourceClaimStatus = new V1PodExtendedResourceClaimStatus { ResourceClaimName = "p-extended" },
        };
        Assert.True(PodReferences.Has(pod, "resourceclaims", "p-c"));
        Assert.True(PodReferences.Has(pod, "resourceclaims", "p-extended"));
    }

    [Fact]
    public void TheClaimOfAnEphemeralVolumeIsNamedAfterBoth()
    {
        var pod = Pod("""{"volumes":[{"name":"v","ephemeral":{}}]}""");
        Assert.True(PodReferences.Has(pod, "persistentvolumeclaims", "p-v"));
        Assert.False(PodReferences.Has(pod, "persistentvolumeclaims", "v"));
    }

    [Theory]
    [InlineData("""{"containers":[{"name":"c"}],"volumes":[{"name":"v","hostPath":{"path":"/"}},{"name":"w","emptyDir":{}}]}""", null)]
    [InlineData("""{"volumes":[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}}]}""", "serviceaccounts")]
    [InlineData("""{"volumes":[{"name":"v","projected":{"sources":[{"clusterTrustBundle":{"path":"t","name":"b"}}]}}]}""", "clustertrustbundles")]
    [InlineData("""{"volumes":[{"name":"v","csi":{"driver":"d"}}]}""", "csidrivers")]
    [InlineData("""{"volumes":[{"name":"v","ephemeral":{}}]}""", "persistentvolumeclaims")]
    public void APodStandsAloneOrRefersToAKind(string spec, string? kind) =>
        Assert.Equal(kind, PodReferences.FirstKind(Pod(spec)));

    [Fact]
    public void AMirrorStandsForThePodOfItsNode()
    {
        var pod = Pod("{}");
        pod.Metadata.Uid = "u";
        Assert.True(PodReferences.StandsFor(pod, "u"));
        Assert.False(PodReferences.StandsFor(pod, "m"));

        pod.Metadata.Annotations = new Dictionary<string, string> { ["kubernetes.io/config.mirror"] = "m" };
        Assert.True(PodReferences.StandsFor(pod, "m"));
        Assert.False(PodReferences.StandsFor(pod, "other"));
    }

    private static V1Pod Pod(string spec) =>
        ResourceCodec.Decode<V1Pod>(Encoding.UTF8.GetBytes($$"""{"metadata":{"name":"p"},"spec":{{spec}}}"""));
}
