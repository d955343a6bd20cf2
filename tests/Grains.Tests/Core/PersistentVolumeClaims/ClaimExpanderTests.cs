using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumeClaims;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PersistentVolumeClaims;

public sealed class ClaimExpanderTests
{
    private static readonly V1CSIPersistentVolumeSource Driver = new() { Driver = "d", VolumeHandle = "h" };

    private readonly World _world = new();

    [Fact]
    public async Task A_directory_is_as_large_as_it_is_said_to_be()
    {
        Seed(v =>
        {
            v.Spec.Local = new V1LocalVolumeSource { Path = "/v" };
            v.SetAnnotation(VolumeAnnotations.ProvisionedBy, LocalPath.Provisioner);
        });
        var steps = new List<string>();
        _world.Api.AfterWrite = _ => steps.Add(Describe());
        _world.Step<V1PersistentVolumeClaim>("c");
        Assert.Equal(
            [
                "volume 1Gi, claim 1Gi, allocated 3Gi ControllerResizeInProgress, Resizing=True",
                "volume 3Gi, claim 1Gi, allocated 3Gi ControllerResizeInProgress, Resizing=True",
                "volume 3Gi, claim 3Gi, allocated 3Gi , ",
            ],
            steps.Distinct());
        Assert.Equal(
            [
                ("Normal", "Resizing", "External resizer is resizing volume v"),
                ("Normal", "VolumeResizeSuccessful", "Resize volume succeeded"),
            ],
            await EventsAsync());

        var before = _world.Api.Writes;
        _world.Step<V1PersistentVolumeClaim>("c");
        Assert.Equal(before, _world.Api.Writes);
    }

    [Fact]
    public async Task A_volume_that_is_larger_than_asked_for_is_shown_as_it_is()
    {
        Seed(v =>
        {
            v.Spec.Capacity["storage"] = new ResourceQuantity("8Gi");
            v.SetAnnotation(VolumeAnnotations.ProvisionedBy, LocalPath.Provisioner);
        });
        _world.Step<V1PersistentVolumeClaim>("c");
        Assert.Equal("volume 8Gi, claim 8Gi, allocated 8Gi , ", Describe());
        Assert.Equal(2, (await EventsAsync()).Count);
    }

    [Theory]
    [InlineData("csi", "Normal", "waiting for an external controller to expand this PVC", null)]
    [InlineData("host", "Warning", "waiting for an external controller to expand this PVC", null)]
    [InlineData(
        "ebs", "Normal",
        "CSI migration enabled for kubernetes.io/aws-ebs; waiting for external resizer to expand the pvc",
        "ebs.csi.aws.com")]
    public async Task Volumes_of_others_are_theirs_to_expand(string kind, string type, string message, string? resizer)
    {
        Seed(v =>
        {
            v.Spec.Csi = kind == "csi" ? Driver : null;
            v.Spec.HostPath = kind == "host" ? new V1HostPathVolumeSource { Path = "/v" } : null;
            v.Spec.AwsElasticBlockStore =
                kind == "ebs" ? new V1AWSElasticBlockStoreVolumeSource { VolumeID = "v" } : null;
        });
        _world.Step<V1PersistentVolumeClaim>("c");
        _world.Step<V1PersistentVolumeClaim>("c");
        Assert.Equal("volume 1Gi, claim 1Gi, allocated  , ", Describe());
        Assert.Equal([(type, "ExternalExpanding", message)], await EventsAsync());
        Assert.Equal(1, _world.Api.All<Corev1Event>().Single().Count);
        Assert.Equal(
            resizer,
            _world.Api.All<V1PersistentVolumeClaim>().Single().GetAnnotation(VolumeAnnotations.Resizer));
    }

    private async Task<List<(string Type, string Reason, string Message)>> EventsAsync()
    {
        await _world.Events.FlushAsync(CancellationToken.None);
        return [.. _world.Api.All<Corev1Event>().Select(e => (e.Type, e.Reason, e.Message)).Order()];
    }

    private string Describe()
    {
        var volume = _world.Api.All<V1PersistentVolume>().Single();
        var status = _world.Api.All<V1PersistentVolumeClaim>().Single().Status;
        var allocated = status.AllocatedResources?.Values.SingleOrDefault()?.ToString();
        var conditions = string.Join(' ', (status.Conditions ?? []).Select(c => $"{c.Type}={c.Status}"));
        return $"volume {volume.Spec.Capacity["storage"]}, claim {status.Capacity["storage"]}, " +
            $"allocated {allocated} {status.AllocatedResourceStatuses?.Values.SingleOrDefault()}, {conditions}";
    }

    private void Seed(Action<V1PersistentVolume> change)
    {
        var claim = _world.Api.Seed(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta
            {
                Name = "c",
                NamespaceProperty = "default",
                Annotations = new Dictionary<string, string> { [VolumeAnnotations.BindCompleted] = "yes" },
                Finalizers = [ClaimReconciler.Finalizer],
            },
            Spec = new V1PersistentVolumeClaimSpec
            {
                AccessModes = ["ReadWriteOnce"],
                VolumeName = "v",
                Resources = new V1VolumeResourceRequirements { Requests = Amount("3Gi") },
            },
            Status = new V1PersistentVolumeClaimStatus
            {
                Phase = "Bound", AccessModes = ["ReadWriteOnce"], Capacity = Amount("1Gi"),
            },
        });
        var volume = new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "v" },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = ["ReadWriteOnce"], Capacity = Amount("1Gi"), ClaimRef = VolumeBinding.Reference(claim),
            },
            Status = new V1PersistentVolumeStatus { Phase = "Bound" },
        };
        change(volume);
        _world.Api.Seed(volume);
    }

    private static Dictionary<string, ResourceQuantity> Amount(string size) => new() { ["storage"] = new(size) };
}
