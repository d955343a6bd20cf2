using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumeClaims;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PersistentVolumeClaims;

public sealed class ClaimPlannerTests
{
    private static readonly Gen<V1PersistentVolume> Volumes =
        from size in Gen.Int[1, 5]
        from isShared in Gen.Bool
        from className in Gen.Bool.Select(b => b ? "fast" : "")
        from phase in Gen.Bool.Select(b => b ? "Available" : "Released")
        from owner in Gen.Int[0, 4].Select(i => i == 3 ? "mine" : i == 4 ? "other" : "")
        select Volume($"v{size}{isShared}{className}{phase}{owner}", size, volume =>
        {
            volume.Spec.StorageClassName = className;
            volume.Spec.AccessModes = isShared ? ["ReadWriteOnce", "ReadWriteMany"] : ["ReadWriteOnce"];
            volume.Status.Phase = phase;
            volume.Spec.ClaimRef = owner.Length == 0
                ? null
                : new V1ObjectReference { NamespaceProperty = "default", Name = owner };
        });

    [Fact]
    public void The_reserved_volume_is_taken_else_the_smallest_that_is_large_enough() => Gen.Select(
        Volumes.Array[0, 8], Gen.Int[1, 5], Gen.Bool.Select(b => b ? "fast" : "")).Check(
        (volumes, size, className) =>
        {
            var claim = Claim("mine", size, c => c.Spec.StorageClassName = className);
            var chosen = ClaimPlanner.Compute(new ClaimObserved { Claim = claim, Volumes = volumes }).Bind;
            var enough = volumes.Where(v => VolumeMatch.Capacity(v) >= VolumeMatch.Requested(claim)).ToList();
            var free = enough.Where(v => v.Spec.ClaimRef is null && v.Status.Phase == "Available"
                && v.Spec.StorageClassName == className).ToList();
            var reserved = enough.Where(v => v.Spec.ClaimRef?.Name == "mine").ToList();
            Assert.Equal(free.Count + reserved.Count > 0, chosen is not null);
            Assert.All(reserved.Concat(free), v => Assert.True(Rank(v).CompareTo(Rank(chosen!)) >= 0));
        });

    /// <summary>Fewer access modes count before a reservation, as in upstream's index.</summary>
    private static (int Modes, bool IsFree, Quantity Size) Rank(V1PersistentVolume volume)
    {
        var isFree = volume.Spec.ClaimRef is null;
        return (volume.Spec.AccessModes.Count, isFree, isFree ? VolumeMatch.Capacity(volume) : Quantity.Zero);
    }

    /// <summary>Upstream's scheduler asks a volume that is reserved for its reach, not for its access modes.</summary>
    [Fact]
    public void A_reserved_volume_of_other_access_modes_is_found_for_a_node_only()
    {
        V1PersistentVolume[] volumes = [Volume("reserved", 1, v =>
        {
            v.Spec.AccessModes = ["ReadOnlyMany"];
            v.Spec.ClaimRef = new V1ObjectReference { NamespaceProperty = "default", Name = "mine" };
        })];
        var claim = Claim("mine", 1, _ => { });
        Assert.Null(VolumeMatch.Find(claim, volumes, reservedOnly: true));
        Assert.Null(VolumeMatch.Find(claim, volumes, reservedOnly: false, static _ => false));
        Assert.Same(volumes[0], VolumeMatch.Find(claim, volumes, reservedOnly: false, static _ => true));
    }

    [Fact]
    public void A_reserved_volume_with_more_access_modes_than_a_free_one_is_left()
    {
        var free = Volume("free", 5, v => v.Spec.AccessModes = ["ReadWriteOnce"]);
        var reserved = Volume("reserved", 1, v =>
        {
            v.Spec.AccessModes = ["ReadWriteOnce", "ReadWriteMany"];
            v.Spec.ClaimRef = new V1ObjectReference { NamespaceProperty = "default", Name = "mine" };
        });
        var observed = new ClaimObserved { Claim = Claim("mine", 1, _ => { }), Volumes = [reserved, free] };
        Assert.Equal("free", ClaimPlanner.Compute(observed).Bind!.Metadata.Name);
    }

    [Theory]
    [InlineData("small", "requested PV is too small")]
    [InlineData("class", "storageClassName does not match")]
    [InlineData("attributes", "volumeAttributesClassName does not match")]
    [InlineData("mode", "incompatible volumeMode")]
    [InlineData("access", "incompatible accessMode")]
    [InlineData("deleted", "the volume is marked for deletion \"v\"")]
    [InlineData("", null)]
    public void A_named_volume_must_suit(string difference, string? why)
    {
        var volume = Volume("v", difference == "small" ? 1 : 3, v =>
        {
            v.Spec.StorageClassName = difference == "class" ? "slow" : null;
            v.Spec.VolumeAttributesClassName = difference == "attributes" ? "gold" : null;
            v.Spec.VolumeMode = difference == "mode" ? "Block" : null;
            v.Spec.AccessModes = difference == "access" ? ["ReadOnlyMany"] : v.Spec.AccessModes;
            v.Metadata.DeletionTimestamp = difference == "deleted" ? DateTime.UnixEpoch : null;
        });
        var plan = ClaimPlanner.Compute(
            new ClaimObserved { Claim = Claim("c", 2, c => c.Spec.VolumeName = "v"), Volumes = [volume] });
        Assert.Equal(why is null, plan.Bind is not null);
        var told = plan.Notes.Select(n => n.Message);
        Assert.Equal(why is null ? [] : [$"Cannot bind to requested volume \"v\": {why}"], told);
    }

    /// <summary>Rows 2-6 and 2-7 of upstream's binder test.</summary>
    [Theory]
    [InlineData(false, "Pending")]
    [InlineData(true, null)]
    public void A_named_volume_that_is_anothers_is_waited_for_unless_we_had_bound_it(bool isOurs, string? phase)
    {
        var volume = Volume("v", 1, v => v.Spec.ClaimRef = new V1ObjectReference
        {
            NamespaceProperty = "default", Name = "other", Uid = "other",
        });
        var claim = Claim("c", 1, c =>
        {
            c.Spec.VolumeName = "v";
            c.SetAnnotation(VolumeAnnotations.BoundByController, isOurs ? VolumeAnnotations.Yes : null);
        });

        var plan = ClaimPlanner.Compute(new ClaimObserved { Claim = claim, Volumes = [volume] });

        Assert.Equal((null, phase), (plan.Bind, plan.Phase));
        Assert.Equal("volume \"v\" already bound to a different claim.", Assert.Single(plan.Notes).Message);
    }

    [Theory]
    [InlineData("example.com/disk", "ExternalProvisioning", "example.com/disk")]
    [InlineData("kubernetes.io/gce-pd", "ExternalProvisioning", "pd.csi.storage.gke.io")]
    [InlineData("kubernetes.io/no-provisioner", "ProvisioningFailed", null)]
    [InlineData("kubernetes.io/host-path", "ProvisioningFailed", null)]
    public void A_class_says_who_is_asked_for_a_volume(string provisioner, string reason, string? asked)
    {
        var plan = Delayed(provisioner, "Immediate", selected: false);
        Assert.Equal((reason, asked), (plan.Notes[0].Reason, plan.Provisioner));
    }

    [Fact]
    public void A_delayed_claim_waits_until_a_node_is_selected()
    {
        var waiting = Delayed("example.com/disk", VolumeMatch.WaitForFirstConsumer, selected: false);
        Assert.Equal(("WaitForFirstConsumer", null), (waiting.Notes[0].Reason, waiting.Provisioner));
        var one = Delayed("example.com/disk", VolumeMatch.WaitForFirstConsumer, selected: false, "b");
        Assert.Equal("waiting for pod b to be scheduled", one.Notes[0].Message);
        var two = Delayed("example.com/disk", VolumeMatch.WaitForFirstConsumer, selected: false, "b", "a");
        Assert.Equal("waiting for pods a,b to be scheduled", two.Notes[0].Message);
        var selected = Delayed("example.com/disk", VolumeMatch.WaitForFirstConsumer, selected: true);
        Assert.Equal("example.com/disk", selected.Provisioner);
    }

    private static ClaimPlan Delayed(string provisioner, string mode, bool selected, params string[] pods)
    {
        var claim = Claim("c", 1, c =>
        {
            c.Spec.StorageClassName = "made";
            if (selected)
            {
                c.SetAnnotation(VolumeAnnotations.SelectedNode, "n1");
            }
        });
        return ClaimPlanner.Compute(new ClaimObserved
        {
            Claim = claim,
            Class = new V1StorageClass { Provisioner = provisioner, VolumeBindingMode = mode },
            Volumes = [Volume("free", 1, v => v.Spec.StorageClassName = mode == "Immediate" ? "" : "made")],
            WaitingPods = pods,
        });
    }

    private static V1PersistentVolumeClaim Claim(string name, int size, Action<V1PersistentVolumeClaim> change)
    {
        var claim = new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = name },
            Spec = new V1PersistentVolumeClaimSpec
            {
                AccessModes = ["ReadWriteOnce"],
                Resources = new V1VolumeResourceRequirements { Requests = Storage(size) },
            },
        };
        change(claim);
        return claim;
    }

    private static V1PersistentVolume Volume(string name, int size, Action<V1PersistentVolume> change)
    {
        var volume = new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1PersistentVolumeSpec { AccessModes = ["ReadWriteOnce"], Capacity = Storage(size) },
            Status = new V1PersistentVolumeStatus { Phase = "Available" },
        };
        change(volume);
        return volume;
    }

    private static Dictionary<string, ResourceQuantity> Storage(int gibibytes) =>
        new() { ["storage"] = new ResourceQuantity($"{gibibytes}Gi") };
}
