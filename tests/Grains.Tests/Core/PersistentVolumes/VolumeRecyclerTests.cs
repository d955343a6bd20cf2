using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PersistentVolumes;

public sealed class VolumeRecyclerTests
{
    private const string PodName = "recycler-for-v";

    private readonly World _world = new();

    private V1PersistentVolume Volume => _world.Api.Find<V1PersistentVolume>("", "v")!;

    private V1Pod? Pod => _world.Api.Find<V1Pod>("default", PodName);

    [Theory]
    [InlineData("1Gi", false, 60)]
    [InlineData("10Gi", false, 300)]
    [InlineData("1Gi", true, 300)]
    [InlineData("100Gi", true, 3000)]
    public void The_pod_mounts_the_volume_and_has_time_by_its_size(string size, bool isNfs, long seconds)
    {
        Seed(v =>
        {
            v.Spec.Capacity["storage"] = new ResourceQuantity(size);
            if (isNfs)
            {
                v.Spec.HostPath = null;
                v.Spec.Nfs = new V1NFSVolumeSource { Server = "s", Path = "/data/v", ReadOnlyProperty = true };
            }
        });
        _world.Step<V1PersistentVolume>("v");
        var spec = Pod!.Spec;
        Assert.Equal(seconds, spec.ActiveDeadlineSeconds);
        Assert.Equal("Never", spec.RestartPolicy);
        var volume = Assert.Single(spec.Volumes);
        Assert.Equal("/data/v", isNfs ? volume.Nfs.Path : volume.HostPath.Path);
        Assert.Equal(("vol", "/scrub"), (volume.Name, spec.Containers.Single().VolumeMounts.Single().MountPath));
        Assert.Equal("Released", Volume.Status.Phase);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_emptied_volume_is_free_again(bool isOurs)
    {
        Seed(v =>
        {
            if (isOurs)
            {
                v.SetAnnotation(VolumeAnnotations.BoundByController, "yes");
            }
        });
        _world.Step<V1PersistentVolume>("v");
        Tell("Scheduled", "Successfully assigned default/recycler-for-v to n1");
        _world.Step<V1PersistentVolume>("v");
        Tell("Started", "Container started");
        _world.Finish(PodName, 0);
        _world.Step<V1PersistentVolume>("v");
        Assert.Equal("Available", Volume.Status.Phase);
        Assert.Equal(isOurs, Volume.Spec.ClaimRef is null);
        Assert.Null(Volume.Spec.ClaimRef?.Uid);
        Assert.Null(Pod);
        Assert.Equal(
            [
                "Normal RecyclerPod Recycler pod: Container started",
                "Normal RecyclerPod Recycler pod: Successfully assigned default/recycler-for-v to n1",
                "Normal VolumeRecycled Volume recycled",
            ],
            await EventsAsync());
    }

    [Theory]
    [InlineData("too late", "too late")]
    [InlineData("", "pod failed, pod.Status.Message unknown")]
    public async Task A_pod_that_fails_is_told_and_another_tries(string message, string told)
    {
        Seed();
        _world.Step<V1PersistentVolume>("v");
        _world.Api.Change<V1Pod>(
            "default", PodName, p => p.Status = new V1PodStatus { Phase = "Failed", Message = message }, "status");
        _world.Step<V1PersistentVolume>("v");
        Assert.Equal(
            ("Failed", $"Recycle failed: failed to recycle volume: {told}"),
            (Volume.Status.Phase, Volume.Status.Message));
        Assert.Equal(
            [$"Warning VolumeFailedRecycle Recycle failed: failed to recycle volume: {told}"], await EventsAsync());
        var again = _world.Step<V1PersistentVolume>("v");
        Assert.Equal(VolumeReconciler.Resync, again.After);
        _world.Finish(PodName, 0);
        _world.Step<V1PersistentVolume>("v");
        Assert.Equal("Available", Volume.Status.Phase);
    }

    [Fact]
    public async Task A_pod_that_somebody_deletes_is_told()
    {
        Seed();
        _world.Step<V1PersistentVolume>("v");
        _world.Api.Delete<V1Pod>("default", PodName, grace: 0);
        _world.Step<V1PersistentVolume>("v");
        Assert.Equal(
            ["Warning VolumeFailedRecycle Recycle failed: failed to recycle volume: recycler pod was deleted"],
            await EventsAsync());
    }

    /// <summary>Nobody looked between its end and its successor's beginning.</summary>
    [Fact]
    public void A_pod_says_nothing_of_another_volume_of_that_name()
    {
        Seed();
        _world.Step<V1PersistentVolume>("v");
        var before = Pod!.Metadata.Uid;
        _world.Finish(PodName, 0);
        _world.Api.Change<V1PersistentVolume>("", "v", static v => v.Metadata.Finalizers = null);
        _world.Api.Delete<V1PersistentVolume>("", "v", grace: 0);
        Seed(v => v.Metadata.Uid = "another");
        _world.Step<V1PersistentVolume>("v");
        Assert.Equal("Released", Volume.Status.Phase);
        Assert.NotEqual(before, Pod!.Metadata.Uid);
    }

    [Fact]
    public async Task A_pod_of_that_name_that_was_there_before_empties_nothing()
    {
        Seed();
        _world.AddPod(PodName, "n1");
        _world.Finish(PodName, 0);
        _world.Step<V1PersistentVolume>("v");
        Assert.Equal("Failed", Volume.Status.Phase);
        Assert.Equal(
            ["Warning VolumeFailedRecycle Recycle failed: old recycler pod found, will retry later"],
            await EventsAsync());
        Assert.Null(Pod);
    }

    [Fact]
    public async Task A_volume_in_use_waits_for_its_pods()
    {
        Seed();
        _world.Api.Seed(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "user", NamespaceProperty = "default" },
            Spec = new V1PodSpec
            {
                NodeName = "n1",
                Containers = [new V1Container { Name = "c", Image = "i" }],
                Volumes =
                [
                    new V1Volume
                    {
                        Name = "d",
                        PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = "gone" },
                    },
                ],
            },
            Status = new V1PodStatus { Phase = "Running" },
        });
        Assert.Equal(VolumeReconciler.Resync, _world.Step<V1PersistentVolume>("v").After);
        Assert.Null(Pod);
        Assert.Equal(["Normal VolumeFailedRecycle Volume is used by pods: default/user"], await EventsAsync());
        _world.Finish("user", 0);
        _world.Step<V1PersistentVolume>("v");
        Assert.NotNull(Pod);
    }

    [Fact]
    public async Task Nobody_empties_a_volume_of_a_driver()
    {
        Seed(v =>
        {
            v.Spec.HostPath = null;
            v.Spec.Csi = new V1CSIPersistentVolumeSource { Driver = "d", VolumeHandle = "h" };
        });
        _world.Step<V1PersistentVolume>("v");
        _world.Step<V1PersistentVolume>("v");
        Assert.Equal("Failed", Volume.Status.Phase);
        Assert.Equal(
            ["Warning VolumeFailedRecycle No recycler plugin found for the volume!"], await EventsAsync());
    }

    private void Seed(Action<V1PersistentVolume>? change = null)
    {
        var volume = new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "v" },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = ["ReadWriteOnce"],
                Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new ResourceQuantity("1Gi") },
                ClaimRef = new V1ObjectReference { Name = "gone", NamespaceProperty = "default", Uid = "u" },
                HostPath = new V1HostPathVolumeSource { Path = "/data/v" },
                PersistentVolumeReclaimPolicy = "Recycle",
            },
            Status = new V1PersistentVolumeStatus { Phase = "Bound" },
        };
        change?.Invoke(volume);
        _world.Api.Seed(volume);
    }

    private void Tell(string reason, string message) => _world.Api.Seed(new Corev1Event
    {
        Metadata = new V1ObjectMeta { Name = $"{PodName}.{reason}", NamespaceProperty = "default" },
        InvolvedObject = new V1ObjectReference
        {
            Kind = "Pod", Name = PodName, NamespaceProperty = "default", Uid = Pod!.Metadata.Uid,
        },
        Type = "Normal",
        Reason = reason,
        Message = message,
    });

    private async Task<List<string>> EventsAsync()
    {
        await _world.Events.FlushAsync(CancellationToken.None);
        return
        [
            .. _world.Api.All<Corev1Event>().Where(e => e.InvolvedObject.Kind == "PersistentVolume")
                .Select(e => $"{e.Type} {e.Reason} {e.Message}").Order(StringComparer.Ordinal),
        ];
    }
}
