using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Storage.VolumeAttachments;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Storage.VolumeAttachments;

public sealed class AttachDetachControllerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task A_node_whose_attachment_is_refused_keeps_no_other_waiting()
    {
        Seed("n1");
        Seed("n2");
        _world.Api.BeforeWrite = write => write.Resource == ResourceOf<V1VolumeAttachment>.Name
            && write.Create is { } create
            && Encoding.UTF8.GetString(create.Json.Span).Contains("\"nodeName\":\"n1\"", StringComparison.Ordinal)
            ? StatusErrors.Forbidden(write.Resource, write.Key.Name, "a policy says so")
            : null;
        await Assert.ThrowsAsync<ReconcileException>(
            () => new AttachDetachController(_world.Services).ResyncAsync(default));
        Assert.Equal(["n2"], _world.Api.All<V1VolumeAttachment>().Select(a => a.Spec.NodeName));
    }

    [Fact]
    public async Task What_a_node_that_goes_did_not_have_mounted_is_let_go_when_its_pods_have_gone()
    {
        Seed("n1");
        var controller = new AttachDetachController(_world.Services);
        foreach (var resource in new[] { WellKnown.Pods, WellKnown.Nodes })
        {
            await NoticeAsync(controller, resource, ChangeKind.Added);
        }

        await controller.VisitAsync("n1", default);
        await NoticeAsync(controller, WellKnown.Nodes, ChangeKind.Deleted);
        _world.Api.Delete<V1Node>("", "n1");
        await controller.VisitAsync("n1", default);
        Assert.Single(_world.Api.All<V1VolumeAttachment>());

        _world.Api.Delete<V1Pod>("default", "n1", grace: 0);
        await controller.VisitAsync("n1", default);
        Assert.Empty(_world.Api.All<V1VolumeAttachment>());
    }

    /// <summary>Upstream's <c>TestPodUpdateWithKeepTerminatedPodVolumes</c>.</summary>
    [Theory]
    [InlineData("true", 1)]
    [InlineData("false", 0)]
    [InlineData(null, 0)]
    public async Task Whether_the_volume_of_a_pod_that_has_ended_stays_attached_is_the_nodes(string? keeps, int left)
    {
        Seed("n1");
        if (keeps is not null)
        {
            _world.Api.Change<V1Node>(
                "", "n1", n => n.Metadata.Annotations[AttachmentPlanner.KeepAnnotation] = keeps);
        }

        var controller = new AttachDetachController(_world.Services);
        await controller.VisitAsync("n1", default);
        Assert.Single(_world.Api.All<V1VolumeAttachment>());
        _world.Api.Change<V1Pod>("default", "n1", static p => p.Status.Phase = "Succeeded", "status");
        await controller.VisitAsync("n1", default);
        Assert.Equal(left, _world.Api.All<V1VolumeAttachment>().Count);

        _world.Api.Delete<V1Pod>("default", "n1", grace: 0);
        await controller.VisitAsync("n1", default);
        Assert.Empty(_world.Api.All<V1VolumeAttachment>());
    }

    /// <summary>Upstream's <c>waitForVolumeAttachDetachStatusWithLister</c>: two minutes, and again.</summary>
    [Fact]
    public async Task A_driver_that_says_nothing_is_told_of_every_two_minutes()
    {
        const string silence = "FailedAttachVolume AttachVolume.Attach failed for volume \"n1\" : "
            + "timed out waiting for external-attacher of d.example.com CSI driver to attach volume n1";
        Seed("n1");
        var controller = new AttachDetachController(_world.Services);
        await controller.VisitAsync("n1", default);
        await AdvanceAsync(controller, AttachmentPlanner.AttachTimeout - TimeSpan.FromSeconds(1));
        Assert.Empty(_world.Api.All<Corev1Event>());
        await AdvanceAsync(controller, TimeSpan.FromSeconds(1));
        Assert.Equal((silence, 1), Assert.Single(Told()));
        await AdvanceAsync(controller, AttachmentPlanner.AttachTimeout);
        Assert.Equal((silence, 2), Assert.Single(Told()));

        var attachment = _world.Api.All<V1VolumeAttachment>().Single().Metadata.Name;
        _world.Api.Change<V1VolumeAttachment>(
            "", attachment, static a => a.Status = new V1VolumeAttachmentStatus { Attached = true }, "status");
        await AdvanceAsync(controller, AttachmentPlanner.AttachTimeout);
        Assert.Equal(
            [(silence, 2), ("SuccessfulAttachVolume AttachVolume.Attach succeeded for volume \"n1\" ", 1)], Told());
    }

    /// <summary>Upstream's operations wait for twice as long after each failure.</summary>
    [Fact]
    public async Task What_a_driver_cannot_attach_is_told_again_and_again()
    {
        const string failure = "FailedAttachVolume AttachVolume.Attach failed for volume \"n1\" : no room";
        Seed("n1");
        var controller = new AttachDetachController(_world.Services);
        await RefuseAsync(controller);
        foreach (var (milliseconds, count) in new[] { (0, 1), (499, 1), (1, 2), (999, 2), (1, 3), (122_000, 4) })
        {
            await AdvanceAsync(controller, TimeSpan.FromMilliseconds(milliseconds));
            Assert.Equal((failure, count), Assert.Single(Told()));
        }
    }

    [Fact]
    public async Task What_was_told_of_an_attachment_that_is_gone_is_forgotten()
    {
        Seed("n1");
        var controller = new AttachDetachController(_world.Services);
        await RefuseAsync(controller);
        var pod = _world.Api.All<V1Pod>().Single();
        _world.Api.Delete<V1Pod>("default", "n1", grace: 0);
        await controller.VisitAsync("n1", default);
        Assert.Empty(_world.Api.All<V1VolumeAttachment>());
        await controller.VisitAsync("n1", default);

        (pod.Metadata.Uid, pod.Metadata.ResourceVersion) = (null, null);
        _world.Api.Seed(pod);
        await RefuseAsync(controller);
        Assert.Equal(2, Told().Sum(static t => t.Count));
    }

    private async Task RefuseAsync(AttachDetachController controller)
    {
        await controller.VisitAsync("n1", default);
        _world.Api.Change<V1VolumeAttachment>(
            "",
            _world.Api.All<V1VolumeAttachment>().Single().Metadata.Name,
            static a => a.Status = new V1VolumeAttachmentStatus
            {
                AttachError = new V1VolumeError { Message = "no room" },
            },
            "status");
        await AdvanceAsync(controller, TimeSpan.Zero);
    }

    private async Task AdvanceAsync(AttachDetachController controller, TimeSpan by)
    {
        _world.Time.Advance(by);
        await controller.VisitAsync("n1", default);
        await _world.Events.FlushAsync(default);
    }

    private IEnumerable<(string Text, int Count)> Told() =>
        _world.Api.All<Corev1Event>().Select(static e => ($"{e.Reason} {e.Message}", e.Count ?? 1)).Order();

    private async Task NoticeAsync(AttachDetachController controller, ResourceName resource, ChangeKind kind)
    {
        var key = new ObjectKey(resource == WellKnown.Pods ? "default" : "", "n1");
        var item = await _world.Api.GetAsync(resource, key, ReadFreshness.Linearizable, default);
        controller.Notice(resource, new ResourceChange { Kind = kind, Object = item.Required });
    }

    /// <summary>A node with a pod that has a volume of a driver; all are of the node's name.</summary>
    private void Seed(string name)
    {
        var claim = _world.Api.Seed(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1PersistentVolumeClaimSpec { VolumeName = name },
        });
        _world.Api.Seed(new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = ["ReadWriteOnce"],
                ClaimRef = VolumeBinding.Reference(claim),
                Csi = new V1CSIPersistentVolumeSource { Driver = "d.example.com", VolumeHandle = name },
            },
        });
        _world.Api.Seed(new V1Node
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Annotations = new Dictionary<string, string> { [AttachmentPlanner.ManagedAnnotation] = "true" },
            },
            Status = new V1NodeStatus(),
        });
        var source = new V1PersistentVolumeClaimVolumeSource { ClaimName = name };
        _world.Api.Seed(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1PodSpec
            {
                NodeName = name,
                Containers = [new V1Container { Name = "c" }],
                Volumes = [new V1Volume { Name = "d", PersistentVolumeClaim = source }],
            },
            Status = new V1PodStatus { Phase = "Running" },
        });
    }
}
