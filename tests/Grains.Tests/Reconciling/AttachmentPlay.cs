using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Storage.VolumeAttachments;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// A pod's CSI volume is attached; the pod goes, and another one wants the volume on a second node. Meanwhile the
/// driver's sidecar attaches what it is told to.
/// </summary>
internal sealed class AttachmentPlay : CrashPlay
{
    private AttachDetachController? _controller;

    protected override int Acts => 2;

    protected override void SetUp()
    {
        var claim = World.Api.Seed(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default" },
            Spec = new V1PersistentVolumeClaimSpec { VolumeName = "v" },
        });
        World.Api.Seed(new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "v" },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = ["ReadWriteOnce"],
                ClaimRef = VolumeBinding.Reference(claim),
                Csi = new V1CSIPersistentVolumeSource { Driver = "d.example.com", VolumeHandle = "h" },
            },
        });
        foreach (var node in new[] { "n1", "n2" })
        {
            World.Api.Seed(new V1Node
            {
                Metadata = new V1ObjectMeta
                {
                    Name = node,
                    Annotations = new Dictionary<string, string> { [AttachmentPlanner.ManagedAnnotation] = "true" },
                },
                Status = new V1NodeStatus(),
            });
        }

        AddPod("p1", "n1");
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            AddPod("p2", "n2");
            World.Api.Delete<V1Pod>("default", "p1");
        }
    }

    protected override void Step()
    {
        _controller ??= new AttachDetachController(World.Services);
        foreach (var node in new[] { "n1", "n2" })
        {
            _controller.VisitAsync(node, CancellationToken.None).GetAwaiter().GetResult();
        }
    }

    protected override void StepOthers()
    {
        foreach (var attachment in World.Api.All<V1VolumeAttachment>().Where(a => a.Status?.Attached != true).ToList())
        {
            World.Api.Change<V1VolumeAttachment>(
                "",
                attachment.Metadata.Name,
                a => a.Status = new V1VolumeAttachmentStatus { Attached = true },
                "status");
        }
    }

    protected override void LoseMemory()
    {
        World.LoseActivations();
        _controller = null;
    }

    /// <summary>Never two nodes at once, and never one that is not told.</summary>
    protected override void Check() =>
        Assert.True(World.Api.All<V1VolumeAttachment>().Count <= 1, "the volume is for one node");

    private void AddPod(string name, string node) => World.Api.Seed(new V1Pod
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1PodSpec
        {
            NodeName = node,
            Containers = [new V1Container { Name = "c" }],
            Volumes =
            [
                new V1Volume
                {
                    Name = "d",
                    PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = "c" },
                },
            ],
        },
        Status = new V1PodStatus { Phase = "Running" },
    });
}
