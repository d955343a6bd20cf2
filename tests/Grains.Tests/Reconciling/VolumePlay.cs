using k8s.Models;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>Two claims find their volumes; one claim goes, and its volume is released.</summary>
internal sealed class VolumePlay : CrashPlay
{
    protected override int Acts => 2;

    protected override void SetUp()
    {
        foreach (var size in new[] { "1Gi", "2Gi", "3Gi" })
        {
            World.Api.Seed(new V1PersistentVolume
            {
                Metadata = new V1ObjectMeta { Name = $"v{size.ToLowerInvariant()}" },
                Spec = new V1PersistentVolumeSpec
                {
                    AccessModes = ["ReadWriteOnce"],
                    Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new(size) },
                    PersistentVolumeReclaimPolicy = "Retain",
                },
                Status = new V1PersistentVolumeStatus { Phase = "Available" },
            });
        }

        foreach (var name in new[] { "a", "b" })
        {
            World.Api.Seed(new V1PersistentVolumeClaim
            {
                Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
                Spec = new V1PersistentVolumeClaimSpec
                {
                    AccessModes = ["ReadWriteOnce"],
                    StorageClassName = "",
                    Resources = new V1VolumeResourceRequirements
                    {
                        Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new("2Gi") },
                    },
                },
                Status = new V1PersistentVolumeClaimStatus { Phase = "Pending" },
            });
        }
    }

    protected override void Change(int act) => World.Api.Delete<V1PersistentVolumeClaim>("default", "a");

    protected override void Step()
    {
        foreach (var claim in World.Api.All<V1PersistentVolumeClaim>())
        {
            World.Step<V1PersistentVolumeClaim>(claim.Metadata.Name);
        }

        foreach (var volume in World.Api.All<V1PersistentVolume>())
        {
            World.Step<V1PersistentVolume>(volume.Metadata.Name);
        }
    }

    protected override void LoseMemory() => World.LoseActivations();

    protected override void Check()
    {
        var owners = World.Api.All<V1PersistentVolume>().Select(v => v.Spec.ClaimRef?.Uid).OfType<string>();
        Assert.All(owners.CountBy(o => o), o => Assert.Equal(1, o.Value));
    }
}
