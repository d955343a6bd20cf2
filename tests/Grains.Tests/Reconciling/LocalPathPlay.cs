using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>A claim gets a directory of its node, and more of it; claim and volume go again.</summary>
internal sealed class LocalPathPlay(string policy) : CrashPlay
{
    protected override int Acts => 4;

    private string Directory => $"n/pvc-{World.Api.All<V1PersistentVolumeClaim>().Single().Metadata.Uid}";

    private string _directory = "";

    protected override void SetUp()
    {
        World.Api.Seed(new V1Node { Metadata = new V1ObjectMeta { Name = "n" } });
        var ofClaim = LocalPath.Class;
        ofClaim.ReclaimPolicy = policy;
        World.Api.Seed(ofClaim);
        World.Api.Seed(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta
            {
                Name = "c",
                NamespaceProperty = "default",
                Annotations = new Dictionary<string, string> { [VolumeAnnotations.SelectedNode] = "n" },
            },
            Spec = new V1PersistentVolumeClaimSpec
            {
                AccessModes = ["ReadWriteOnce"],
                StorageClassName = LocalPath.ClassName,
                Resources = new V1VolumeResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new("2Gi") },
                },
            },
            Status = new V1PersistentVolumeClaimStatus { Phase = "Pending" },
        });
        _directory = Directory;
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            World.Api.Change<V1PersistentVolumeClaim>(
                "default", "c", c => c.Spec.Resources.Requests["storage"] = new ResourceQuantity("5Gi"));
        }
        else if (act == 2)
        {
            World.Api.Delete<V1PersistentVolumeClaim>("default", "c");
        }
        else if (act == 3 && policy == "Retain")
        {
            World.Api.Delete<V1PersistentVolume>("", _directory["n/".Length..]);
        }
    }

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

    /// <summary>
    /// There is no volume without its directory, none but the claim's own, and in the end the data is there exactly
    /// when it was to stay.
    /// </summary>
    protected override void Check()
    {
        var volumes = World.Api.All<V1PersistentVolume>().ToList();
        Assert.All(volumes, v => Assert.Equal(_directory, $"n/{v.Metadata.Name}"));
        Assert.All(World.NodeVolumes.Directories, d => Assert.Equal(_directory, d));
        foreach (var volume in volumes)
        {
            Assert.All(
                World.Api.All<V1PersistentVolumeClaim>(),
                c => Assert.True(VolumeMatch.Size(c.Status.Capacity) <= VolumeMatch.Capacity(volume)));
        }

        if (volumes.Count > 0 && volumes[0].Status?.Phase is "Pending" or "Available" or "Bound")
        {
            Assert.Contains(_directory, World.NodeVolumes.Directories);
        }

        if (volumes.Count == 0 && !World.Api.All<V1PersistentVolumeClaim>().Any())
        {
            Assert.Equal(policy == "Retain", World.NodeVolumes.Directories.Contains(_directory));
        }
    }
}
