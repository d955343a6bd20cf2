using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PersistentVolumes;

public sealed class VolumeReconcilerTests
{
    private const string InTree = "kubernetes.io/host-path";
    private const string Own = "kubernetes.io/pv-controller";
    private const string External = "external-provisioner.volume.kubernetes.io/finalizer";

    [Theory]
    [InlineData("kubernetes.io/gce-pd", null, "pd.csi.storage.gke.io")]
    [InlineData("kubernetes.io/gce-pd", "other.example.com", "pd.csi.storage.gke.io")]
    [InlineData("example.com/disk", "pd.csi.storage.gke.io", null)]
    [InlineData("example.com/disk", null, null)]
    [InlineData(null, "pd.csi.storage.gke.io", "pd.csi.storage.gke.io")]
    public void A_volume_says_which_driver_its_plugin_has_become(string? maker, string? noted, string? driver)
    {
        var world = new World();
        var annotations = new Dictionary<string, string>();
        if (maker is not null)
        {
            annotations[VolumeAnnotations.ProvisionedBy] = maker;
        }

        if (noted is not null)
        {
            annotations[VolumeAnnotations.MigratedTo] = noted;
        }

        world.Api.Seed(new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "v", Annotations = annotations },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = ["ReadWriteOnce"],
                Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new ResourceQuantity("1Gi") },
                HostPath = new V1HostPathVolumeSource { Path = "/data/v" },
            },
        });
        world.Step<V1PersistentVolume>("v");
        var volume = world.Api.Find<V1PersistentVolume>("", "v")!;
        Assert.Equal("Available", volume.Status.Phase);
        Assert.Equal(driver, volume.GetAnnotation(VolumeAnnotations.MigratedTo));
    }

    /// <summary>Upstream's cases of <c>TestModifyDeletionFinalizers</c>.</summary>
    [Theory]
    [InlineData("driver.example.com", "Delete", "", "")]
    [InlineData("driver.example.com", "Delete", External, External)]
    [InlineData(InTree, "Delete", "custom", "custom," + Own)]
    [InlineData(InTree, "Delete", "", Own)]
    [InlineData(InTree, "Delete", External, Own)]
    [InlineData(InTree, "Delete", External + ",custom", "custom," + Own)]
    [InlineData("kubernetes.io/gce-pd", "Delete", External + "," + Own, External)]
    [InlineData(null, "Delete", External, External)]
    [InlineData(null, "Delete", "", "")]
    [InlineData(InTree, "Retain", "", "")]
    [InlineData(InTree, "Recycle", "", "")]
    [InlineData(InTree, "Retain", Own, "")]
    public void Who_is_to_delete_a_volumes_storage_keeps_it_until_then(
        string? maker, string policy, string before, string after)
    {
        var volume = Volume(maker, policy, "/tmp/v");
        volume.Metadata.Finalizers = Split(before);
        Assert.Equal(before != after, VolumePlugins.NoteFinalizers(volume));
        Assert.Equal(Split(after), volume.Metadata.Finalizers);
        Assert.False(VolumePlugins.NoteFinalizers(volume));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_released_volume_goes_when_its_storage_has_gone(bool isDeleted)
    {
        var world = new World();
        var volume = Volume(InTree, "Delete", "/tmp/v");
        volume.Spec.ClaimRef = new V1ObjectReference { NamespaceProperty = "default", Name = "c", Uid = "gone" };
        volume.Metadata.Finalizers = isDeleted ? [Own] : null;
        world.Api.Seed(volume);
        if (isDeleted)
        {
            world.Api.Delete<V1PersistentVolume>("", "v");
        }

        world.Step<V1PersistentVolume>("v");
        world.Step<V1PersistentVolume>("v");
        Assert.Null(world.Api.Find<V1PersistentVolume>("", "v"));
    }

    /// <summary>The finalizer stays on a volume that may not go, and is not written again and again.</summary>
    [Fact]
    public void A_released_volume_that_may_not_go_is_left_as_it_is()
    {
        var world = new World();
        var volume = Volume(InTree, "Delete", "/tmp/v");
        volume.Spec.ClaimRef = new V1ObjectReference { NamespaceProperty = "default", Name = "c", Uid = "gone" };
        world.Api.Seed(volume);
        world.Api.BeforeWrite = static w => w.Verb == "delete"
            ? StatusErrors.Forbidden(w.Resource, w.Key.Name, "a webhook says so")
            : null;
        Assert.Throws<ReconcileException>(() => world.Step<V1PersistentVolume>("v"));
        var writes = world.Api.Writes;
        Assert.Throws<ReconcileException>(() => world.Step<V1PersistentVolume>("v"));
        Assert.Equal(writes, world.Api.Writes);
        Assert.Equal([Own], world.Api.Find<V1PersistentVolume>("", "v")!.Metadata.Finalizers);
    }

    private static List<string> Split(string names) =>
        [.. names.Split(',', StringSplitOptions.RemoveEmptyEntries)];

    private static V1PersistentVolume Volume(string? maker, string policy, string path) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "v",
            Annotations = maker is null
                ? null : new Dictionary<string, string> { [VolumeAnnotations.ProvisionedBy] = maker },
        },
        Spec = new V1PersistentVolumeSpec
        {
            AccessModes = ["ReadWriteOnce"],
            Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new ResourceQuantity("1Gi") },
            HostPath = new V1HostPathVolumeSource { Path = path },
            PersistentVolumeReclaimPolicy = policy,
        },
    };
}
