using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PersistentVolumes;

public sealed class VolumeReconcilerTests
{
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
}
