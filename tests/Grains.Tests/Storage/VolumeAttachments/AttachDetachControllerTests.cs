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
