using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PersistentVolumes;

public sealed class VolumePlannerTests
{
    [Theory]
    [InlineData(null, "", null, "Retain", "Available", false)]
    [InlineData("", "", null, "Retain", "Available", false)]
    [InlineData("u", "", "v", "Retain", "Bound", false)]
    [InlineData("u", "", "", "Retain", null, false)]
    [InlineData("u", "", "elsewhere", "Retain", null, true)]
    [InlineData("u", "", "elsewhere", "Delete", null, true)]
    [InlineData("u", "example.com/disk", "elsewhere", "Delete", "Released", false)]
    [InlineData("u", "", null, "Retain", "Released", false)]
    [InlineData("u", "example.com/disk", null, "Delete", "Released", false)]
    [InlineData("u", "", null, "Delete", "Failed", false)]
    [InlineData("u", "", null, "Recycle", "Released", false)]
    public void The_phase_follows_the_claim(
        string? owner, string maker, string? boundTo, string policy, string? phase, bool unbinds)
    {
        var volume = Volume(owner, maker, policy, "/data/v");
        var plan = VolumePlanner.Compute(volume, boundTo is null ? null : Claim(boundTo));
        Assert.Equal((phase, unbinds, false), (plan.Phase, plan.Unbind, plan.Delete));
    }

    [Theory]
    [InlineData("/data/v", "host_path deleter only supports /tmp/.+ but received provided /data/v")]
    [InlineData("/tmp/", "host_path deleter only supports /tmp/.+ but received provided /tmp/")]
    [InlineData("/tmp/v", null)]
    public void Only_temporary_host_paths_are_deleted(string path, string? refusal)
    {
        var plan = VolumePlanner.Compute(Volume("u", "", "Delete", path), null);
        Assert.Equal((refusal is null, refusal ?? ""), (plan.Delete, plan.Message));
        Assert.Equal(refusal is null ? [] : ["VolumeFailedDelete"], plan.Notes.Select(n => n.Reason));
    }

    [Theory]
    [InlineData("Delete")]
    [InlineData("Recycle")]
    public void What_was_handed_over_to_a_driver_is_the_drivers_to_reclaim(string policy)
    {
        var volume = Volume("u", "", policy, "/data/v");
        volume.SetAnnotation(VolumeAnnotations.MigratedTo, "pd.csi.storage.gke.io");
        var plan = VolumePlanner.Compute(volume, null);
        Assert.Equal(("Released", false), (plan.Phase, plan.Delete));
        Assert.Empty(plan.Notes);
    }

    [Fact]
    public void A_failure_is_told_once_and_stays()
    {
        var volume = Volume("u", "", "Delete", "/data/v");
        volume.Status.Phase = "Failed";
        var plan = VolumePlanner.Compute(volume, null);
        Assert.Null(plan.Phase);
        Assert.Empty(plan.Notes);
    }

    private static V1PersistentVolume Volume(string? owner, string maker, string policy, string path)
    {
        var volume = new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "v" },
            Spec = new V1PersistentVolumeSpec
            {
                ClaimRef = owner is null ? null : new V1ObjectReference { Name = "c", Uid = owner },
                PersistentVolumeReclaimPolicy = policy,
                HostPath = new V1HostPathVolumeSource { Path = path },
            },
            Status = new V1PersistentVolumeStatus { Phase = "Pending" },
        };
        if (maker.Length > 0)
        {
            volume.SetAnnotation(VolumeAnnotations.ProvisionedBy, maker);
        }

        return volume;
    }

    private static V1PersistentVolumeClaim Claim(string boundTo) => new()
    {
        Metadata = new V1ObjectMeta { Name = "c", Uid = "u" },
        Spec = new V1PersistentVolumeClaimSpec { VolumeName = boundTo },
    };
}
