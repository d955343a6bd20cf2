using k8s.Models;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using OrleansOrchestrator.NodeAgent.Volumes;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Volumes;

/// <summary>Volumes that somebody has to attach first.</summary>
public sealed class CsiAttachmentsTests : CsiTestBed
{
    [Fact]
    public async Task An_attachable_volume_waits_until_the_node_says_it_and_the_cluster_has_done_it()
    {
        Define(s => s.AttachRequired = true);
        Bound();
        var id = CsiPlaces.AttachmentName(Handle, FakeCsiDriver.Name, "n");
        Stand.Cluster.Attachments[id] = new V1VolumeAttachment
        {
            Metadata = new V1ObjectMeta { Name = id },
            Status = new V1VolumeAttachmentStatus
            {
                Attached = true, AttachmentMetadata = new Dictionary<string, string> { ["device"] = "/dev/x" },
            },
        };
        var wanted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Stand.Csi.InUse.Changed += () => wanted.TrySetResult();

        var setUp = Stand.SetUpAsync(Claimed());
        await wanted.Task.WaitAsync(Cancellation);
        Assert.Equal([UniqueName], Stand.Csi.InUse.Names(null));
        Stand.Node.Set(Node(inUse: true, isAttached: false));
        Stand.Node.Set(Node(inUse: false, isAttached: true));
        Assert.Empty(Driver.Calls);
        Stand.Node.Set(Node(inUse: true, isAttached: true));

        await setUp;
        Assert.Equal("/dev/x", Driver.Last<NodeStageVolumeRequest>().PublishContext["device"]);
        Assert.Equal("/dev/x", Driver.Last<NodePublishVolumeRequest>().PublishContext["device"]);
        await TearDownAsync();
        Assert.Empty(Stand.Csi.InUse.Names([UniqueName]));
    }

    public static TheoryData<string, string> Attachments => new()
    {
        {
            "none",
            "volume handle/1 has GET error for volume attachment ID: volumeattachments.storage.k8s.io \"ID\" not found"
        },
        { "deleted", "volume attachment is being deleted" },
        { "failed", "no such disk" },
        {
            "waiting",
            "timed out waiting for external-attacher of fake.csi.example.com CSI driver to attach volume handle/1"
        },
    };

    [Theory]
    [MemberData(nameof(Attachments))]
    public async Task An_attachment_that_is_none_is_told_in_upstreams_words(string state, string says)
    {
        Define(s => s.AttachRequired = true);
        Bound();
        Stand.Node.Set(Node(inUse: true, isAttached: true));
        var id = CsiPlaces.AttachmentName(Handle, FakeCsiDriver.Name, "n");
        if (state != "none")
        {
            Stand.Cluster.Attachments[id] = new V1VolumeAttachment
            {
                Metadata = new V1ObjectMeta { DeletionTimestamp = state == "deleted" ? DateTime.UnixEpoch : null },
                Status = new V1VolumeAttachmentStatus
                {
                    AttachError = state == "failed" ? new V1VolumeError { Message = "no such disk" } : null,
                },
            };
        }

        Assert.Equal(
            "MountVolume.WaitForAttach failed for volume \"pv\" : " + says.Replace("ID", id, StringComparison.Ordinal),
            await RefusedAsync(Claimed()));
        Assert.Empty(Driver.Calls);
    }

    [Theory]
    [InlineData(60L, 8, true)]
    [InlineData(60L, 13, false)]
    [InlineData(60L, null, false)]
    [InlineData(null, 8, false)]
    public async Task A_node_that_takes_no_more_volumes_of_a_driver_lets_the_pod_go(
        long? period, int? code, bool isRejected)
    {
        await Stand.Csi.DeregisterAsync(Driver, Cancellation);
        Stand.OtherTime = new HastyTime();
        Stand.Restart();
        await Stand.Csi.RegisterAsync(Driver, Cancellation);
        Define(s => (s.AttachRequired, s.NodeAllocatableUpdatePeriodSeconds) = (true, period));
        Bound();
        Driver.Info.MaxVolumesPerNode = 3;
        Stand.Cluster.Attachments[CsiPlaces.AttachmentName(Handle, FakeCsiDriver.Name, "n")] = new V1VolumeAttachment
        {
            Status = new V1VolumeAttachmentStatus
            {
                AttachError = new V1VolumeError { Message = "too many", ErrorCode = code },
            },
        };

        var refusal = await Assert.ThrowsAsync<VolumeException>(() => Stand.SetUpAsync(Claimed()));

        Assert.Equal(isRejected, refusal.RejectsPod);
        Assert.Equal(isRejected ? "VolumeAttachmentLimitExceeded" : "FailedMount", refusal.Reason);
        Assert.Equal(
            isRejected,
            Stand.Cluster.CsiNodePatches.Any(
                static p => p.Contains("\"allocatable\":{\"count\":3}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_volume_that_nobody_attaches_is_told_of_in_the_end()
    {
        var parts = new CsiParts(Stand.Options, Stand.Cluster, Stand.Node, new HastyTime());
        Define(s => s.AttachRequired = true);
        var volume = Bound();

        var refusal = await Assert.ThrowsAsync<VolumeException>(
            () => parts.Volumes.SetUpAsync(CsiMount.Of(Stand.Pod, Claimed(), volume), Cancellation));

        Assert.Equal(
            ("", "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[v], failed to " +
                "process volumes=[]: context deadline exceeded"), (refusal.Stage, refusal.Message));
    }

    private static V1Node Node(bool inUse, bool isAttached) => new()
    {
        Metadata = new V1ObjectMeta { Name = "n" },
        Status = new V1NodeStatus
        {
            VolumesInUse = inUse ? [UniqueName] : null,
            VolumesAttached = isAttached ? [new V1AttachedVolume { Name = UniqueName, DevicePath = "" }] : null,
        },
    };

    /// <summary>No patience is left.</summary>
    private sealed class HastyTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
