using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PersistentVolumeClaims;

public sealed class ClaimReconcilerTests
{
    [Theory]
    [InlineData(VolumeAnnotations.Provisioner, "kubernetes.io/aws-ebs", null, "ebs.csi.aws.com")]
    [InlineData(VolumeAnnotations.BetaProvisioner, "kubernetes.io/cinder", null, "cinder.csi.openstack.org")]
    [InlineData(VolumeAnnotations.Provisioner, "kubernetes.io/aws-ebs", "other.example.com", "ebs.csi.aws.com")]
    [InlineData(VolumeAnnotations.Provisioner, "example.com/disk", "ebs.csi.aws.com", null)]
    [InlineData(VolumeAnnotations.Provisioner, "ebs.csi.aws.com", null, null)]
    [InlineData(null, null, "ebs.csi.aws.com", "ebs.csi.aws.com")]
    public void A_claim_says_which_driver_its_plugin_has_become(
        string? annotation, string? maker, string? noted, string? driver)
    {
        var world = new World();
        var annotations = new Dictionary<string, string>();
        if (annotation is not null)
        {
            annotations[annotation] = maker!;
        }

        if (noted is not null)
        {
            annotations[VolumeAnnotations.MigratedTo] = noted;
        }

        world.Api.Seed(Claim(annotations));
        world.Step<V1PersistentVolumeClaim>("c");
        var claim = world.Api.Find<V1PersistentVolumeClaim>("default", "c")!;
        Assert.Equal("Pending", claim.Status.Phase);
        Assert.Equal(driver, claim.GetAnnotation(VolumeAnnotations.MigratedTo));
        var writes = world.Api.Writes;
        world.Step<V1PersistentVolumeClaim>("c");
        Assert.Equal(writes, world.Api.Writes);
    }

    [Theory]
    [InlineData(null, "2Gi")]
    [InlineData("1Gi", "1Gi")]
    [InlineData("much", "2Gi")]
    public void A_claim_shows_its_volumes_size_or_that_of_a_file_system_that_has_yet_to_grow(
        string? before, string shown)
    {
        var world = new World();
        world.Api.Seed(new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta
            {
                Name = "v",
                Annotations = before is null
                    ? null : new Dictionary<string, string> { [VolumeAnnotations.PreResizeCapacity] = before },
            },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = ["ReadWriteOnce"],
                Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new("2Gi") },
                HostPath = new V1HostPathVolumeSource { Path = "/data/v" },
            },
        });
        world.Api.Seed(Claim([]));
        world.Step<V1PersistentVolume>("v");
        world.Step<V1PersistentVolumeClaim>("c");
        var status = world.Api.Find<V1PersistentVolumeClaim>("default", "c")!.Status;
        Assert.Equal(("Bound", shown), (status.Phase, status.Capacity["storage"].ToString()));
    }

    /// <summary>By the field, or by the annotation that was there before it: even an empty one is a word.</summary>
    [Theory]
    [InlineData(null, null, "default")]
    [InlineData("", null, "")]
    [InlineData(null, "", null)]
    [InlineData(null, "slow", null)]
    public void A_claim_that_wants_no_class_gets_none(string? field, string? annotation, string? became)
    {
        var world = new World();
        world.Api.Seed(new V1StorageClass
        {
            Metadata = new V1ObjectMeta
            {
                Name = "default",
                Annotations = new Dictionary<string, string>
                {
                    ["storageclass.kubernetes.io/is-default-class"] = "true",
                },
            },
            Provisioner = "example.com/disk",
        });
        var claim = Claim([]);
        claim.Spec.StorageClassName = field;
        claim.SetAnnotation("volume.beta.kubernetes.io/storage-class", annotation);
        world.Api.Seed(claim);

        world.Step<V1PersistentVolumeClaim>("c");

        Assert.Equal(became, world.Api.Find<V1PersistentVolumeClaim>("default", "c")!.Spec.StorageClassName);
    }

    private static V1PersistentVolumeClaim Claim(Dictionary<string, string> annotations) => new()
    {
        Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default", Annotations = annotations },
        Spec = new V1PersistentVolumeClaimSpec
        {
            AccessModes = ["ReadWriteOnce"],
            StorageClassName = "",
            Resources = new V1VolumeResourceRequirements
            {
                Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new("1Gi") },
            },
        },
    };
}
