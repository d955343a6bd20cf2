using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PersistentVolumes;

/// <summary>
/// Claims and volumes that people make and delete in any order: a volume is bound to a claim when, and only when, the
/// claim is bound to it; what was bound once is not given to anybody else; and a claim waits only when no volume that
/// is free suits it.
/// </summary>
public sealed class VolumeHistoryTests
{
    private static readonly Gen<(string What, int Size, int At)> Events =
        from what in Gen.OneOf("volume", "claim", "lose claim", "lose volume", "free volume")
        from size in Gen.Int[1, 4]
        from at in Gen.Int[0, 3]
        select (what, size, at);

    [Fact]
    public void Both_sides_of_a_binding_agree() => Events.Array[1, 10].Check(
        events =>
        {
            var world = new World();
            foreach (var (number, (what, size, at)) in events.Index())
            {
                Happen(world, number, what, size, at);
                Settle(world);
                Check(world);
            }
        }, cases: 100);

    private static void Happen(World world, int number, string what, int size, int at)
    {
        var amount = new Dictionary<string, ResourceQuantity> { ["storage"] = new($"{size}Gi") };
        var volumes = world.Api.All<V1PersistentVolume>();
        var claims = world.Api.All<V1PersistentVolumeClaim>();
        switch (what)
        {
            case "volume":
                world.Api.Seed(new V1PersistentVolume
                {
                    Metadata = new V1ObjectMeta { Name = $"v{number}" },
                    Spec = new V1PersistentVolumeSpec
                    {
                        AccessModes = ["ReadWriteOnce"], Capacity = amount, PersistentVolumeReclaimPolicy = "Retain",
                    },
                });
                break;
            case "claim":
                world.Api.Seed(new V1PersistentVolumeClaim
                {
                    Metadata = new V1ObjectMeta { Name = $"c{number}", NamespaceProperty = "default" },
                    Spec = new V1PersistentVolumeClaimSpec
                    {
                        AccessModes = ["ReadWriteOnce"],
                        StorageClassName = "",
                        Resources = new V1VolumeResourceRequirements { Requests = amount },
                    },
                });
                break;
            case "lose claim" when at < claims.Count:
                world.Api.Delete<V1PersistentVolumeClaim>("default", claims[at].Metadata.Name);
                break;
            case "lose volume" when at < volumes.Count:
                world.Api.Delete<V1PersistentVolume>("", volumes[at].Metadata.Name);
                break;
            case "free volume" when at < volumes.Count && volumes[at].Status.Phase == "Released":
                world.Api.Change<V1PersistentVolume>("", volumes[at].Metadata.Name, v => v.Spec.ClaimRef = null);
                break;
        }
    }

    private static void Settle(World world)
    {
        const int maxRounds = 20;
        for (var round = 0; round < maxRounds; round++)
        {
            var before = world.Api.Writes;
            world.StepAll<V1PersistentVolumeClaim>();
            world.StepAll<V1PersistentVolume>();
            if (world.Api.Writes == before)
            {
                return;
            }
        }

        Assert.Fail($"no rest after {maxRounds} rounds");
    }

    private static void Check(World world)
    {
        var volumes = world.Api.All<V1PersistentVolume>().ToDictionary(v => v.Metadata.Name);
        var claims = world.Api.All<V1PersistentVolumeClaim>().ToDictionary(c => c.Metadata.Uid);
        foreach (var claim in claims.Values)
        {
            switch (claim.Status.Phase)
            {
                case "Bound":
                    Assert.Equal(claim.Metadata.Uid, volumes[claim.Spec.VolumeName].Spec.ClaimRef.Uid);
                    break;
                case "Lost":
                    Assert.DoesNotContain(claim.Spec.VolumeName, volumes.Keys);
                    break;
                default:
                    Assert.DoesNotContain(volumes.Values, v => v.Spec.ClaimRef is null
                        && v.Metadata.DeletionTimestamp is null
                        && SizeOf(v.Spec.Capacity) >= SizeOf(claim.Spec.Resources.Requests));
                    break;
            }
        }

        foreach (var volume in volumes.Values)
        {
            var owner = volume.Spec.ClaimRef?.Uid;
            Assert.Equal(
                owner is null ? "Available" : claims.ContainsKey(owner) ? "Bound" : "Released", volume.Status.Phase);
        }
    }

    private static int SizeOf(IDictionary<string, ResourceQuantity> amounts) =>
        int.Parse(amounts["storage"].ToString()[..^2], null);
}
