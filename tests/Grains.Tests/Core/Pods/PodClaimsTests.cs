using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Pods;

public sealed class PodClaimsTests
{
    [Theory]
    [InlineData("it runs", true, "n", null, true)]
    [InlineData("it is not bound", true, "", null, false)]
    [InlineData("it is ending", true, "n", 30L, true)]
    [InlineData("nothing of it runs", true, "n", 0L, false)]
    [InlineData("nothing of it runs, and the claim is its own", false, "n", 0L, true)]
    public void A_pod_keeps_its_claims(string what, bool isEphemeral, string node, long? grace, bool keeps)
    {
        var volume = new V1Volume { Name = "data" };
        if (isEphemeral)
        {
            volume.Ephemeral = new V1EphemeralVolumeSource
            {
                VolumeClaimTemplate = new V1PersistentVolumeClaimTemplate { Spec = new V1PersistentVolumeClaimSpec() },
            };
        }
        else
        {
            volume.PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = "p-data" };
        }

        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = "p", NamespaceProperty = "default", Uid = "1", DeletionGracePeriodSeconds = grace,
                DeletionTimestamp = grace is null ? null : DateTime.UnixEpoch,
            },
            Spec = new V1PodSpec { NodeName = node, Volumes = [volume] },
        };
        var claim = new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta
            {
                Name = "p-data", NamespaceProperty = "default",
                OwnerReferences =
                    [new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = "p", Uid = "1", Controller = true }],
            },
        };
        Assert.True(keeps == PodClaims.Keeps(pod, claim), what);
    }
}
