using k8s.Models;
using OrleansOrchestrator.Grains.Storage.VolumeAttachments;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Storage.VolumeAttachments;

public sealed class AttachmentPlannerTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("ReadWriteOnce", null, true, false)]
    [InlineData("ReadWriteOnce", false, false, false)]
    [InlineData("ReadWriteOnce", true, false, true)]
    [InlineData("ReadWriteOncePod", true, false, true)]
    [InlineData("ReadWriteMany", true, true, false)]
    [InlineData("ReadOnlyMany", true, true, false)]
    [InlineData("", true, true, false)]
    public void A_volume_for_one_node_waits_for_the_other(
        string mode, bool? attachedElsewhere, bool attaches, bool conflicts)
    {
        var volume = Volume("v", mode);
        var plan = AttachmentPlanner.Compute(Observed(Node()) with
        {
            Wanted = [new WantedVolume(volume, [])],
            Elsewhere = attachedElsewhere is { } isAttached ? [Known(volume, "other", isAttached)] : [],
        });

        Assert.Equal((attaches, conflicts), (plan.Attach.Count == 1, plan.Conflicts.Count == 1));
        Assert.Equal(!attaches, plan.Waiting.Contains("v"));
    }

    [Fact]
    public void The_attachment_is_named_as_drivers_sidecars_know_it()
    {
        var attachment = Assert.Single(AttachmentPlanner.Compute(
            Observed(Node()) with { Wanted = [new WantedVolume(Volume("v"), [])] }).Attach);

        // printf 'handle-vd.example.comn' | sha256sum
        Assert.Equal(
            "csi-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("handle-vd.example.comn"u8)),
            attachment.Metadata.Name);
        Assert.Equal(("d.example.com", "n", "v"), (
            attachment.Spec.Attacher, attachment.Spec.NodeName, attachment.Spec.Source.PersistentVolumeName));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Only_nodes_that_leave_it_to_the_cluster_get_attachments(bool isGone)
    {
        var node = isGone ? null : Node();
        node?.Metadata.Annotations.Clear();
        Assert.Empty(AttachmentPlanner.Compute(
            Observed(node) with { Wanted = [new WantedVolume(Volume("v"), [])] }).Attach);
    }

    /// <summary>Mounted, ready, out of service, minutes since nobody wants it; whether it is detached.</summary>
    [Theory]
    [InlineData(false, true, false, 0, true)]
    [InlineData(true, true, false, 0, false)]
    [InlineData(true, true, false, 60, false)]
    [InlineData(true, false, false, 5, false)]
    [InlineData(true, false, false, 6, true)]
    [InlineData(true, true, true, 0, true)]
    public void What_is_mounted_is_let_go_by_force_only(
        bool isMounted, bool isReady, bool isOutOfService, int minutes, bool detaches)
    {
        var volume = Volume("v");
        var node = Node(isReady);
        node.Status.VolumesInUse = isMounted ? [AttachmentPlanner.UniqueName(volume)] : null;
        node.Spec = new V1NodeSpec
        {
            Taints = isOutOfService
                ? [new V1Taint { Key = "node.kubernetes.io/out-of-service", Effect = "NoExecute" }]
                : [],
        };
        var known = Known(volume, "n", isAttached: true);

        var plan = AttachmentPlanner.Compute(Observed(node) with
        {
            Known = [known],
            UnwantedSince = new Dictionary<string, DateTimeOffset>
            {
                [known.Attachment.Metadata.Name] = Now.AddMinutes(-minutes),
            },
        });

        Assert.Equal(detaches, plan.Detach.Count == 1);
        Assert.Equal(detaches ? [] : [AttachmentPlanner.UniqueName(volume)], plan.Report);
        Assert.Equal(detaches, plan.Unwanted.Count == 0);
        Assert.Equal(!detaches && minutes < 6 ? Now.AddMinutes(6 - minutes) : null, plan.LookAgainAt);
    }

    /// <summary>Upstream goes by what the node said last, and by the pods that are still there.</summary>
    [Theory]
    [InlineData(false, false, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    public void A_node_that_was_seen_to_go_keeps_what_it_had_mounted_and_its_pods_want(
        bool wasMounted, bool isWanted, bool detaches)
    {
        var volume = Volume("v");
        var last = Node();
        last.Status.VolumesInUse = wasMounted ? [AttachmentPlanner.UniqueName(volume)] : null;
        var plan = AttachmentPlanner.Compute(Observed(null) with
        {
            LastNode = last, Known = [Known(volume, "n", isAttached: true)],
            Wanted = isWanted ? [new WantedVolume(volume, [])] : [],
        });
        Assert.Equal(detaches, plan.Detach.Count == 1);
        Assert.Empty(plan.Attach);
    }

    [Fact]
    public void A_node_that_is_gone_keeps_its_attachments_for_six_minutes()
    {
        var known = Known(Volume("v"), "n", isAttached: true);
        var observed = Observed(null) with { Known = [known] };
        Assert.Empty(AttachmentPlanner.Compute(observed).Detach);

        var since = new Dictionary<string, DateTimeOffset> { [known.Attachment.Metadata.Name] = Now };
        Assert.Single(AttachmentPlanner.Compute(
            observed with { UnwantedSince = since, Now = Now.AddMinutes(6) }).Detach);
    }

    [Fact]
    public void What_is_being_detached_is_not_reported_and_not_made_again_before_it_is_gone()
    {
        var volume = Volume("v");
        var known = Known(volume, "n", isAttached: true);
        known.Attachment.Metadata.DeletionTimestamp = Now.UtcDateTime;
        var plan = AttachmentPlanner.Compute(
            Observed(Node()) with { Known = [known], Wanted = [new WantedVolume(volume, [])] });
        Assert.Empty(plan.Report);
        Assert.Empty(plan.Attach);
        Assert.Empty(plan.Detach);
    }

    [Theory]
    [InlineData("", "Volume is already exclusively attached to one node and can't be attached to another")]
    [InlineData("a/p", "Volume is already used by pod(s) p")]
    [InlineData("a/p a/q", "Volume is already used by pod(s) p, q")]
    [InlineData("a/p b/q", "Volume is already used by pod(s) p and 1 pod(s) in different namespaces")]
    [InlineData("b/p c/q", "Volume is already used by 2 pod(s) in different namespaces")]
    public void Who_waits_is_not_told_names_of_other_namespaces(string users, string expected)
    {
        V1Pod[] pods =
        [
            .. users.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(u => Pod(u.Split('/')[0], u.Split('/')[1])),
        ];
        Assert.Equal(
            $"Multi-Attach error for volume \"v\" {expected}",
            AttachmentPlanner.ConflictMessage("v", Pod("a", "me"), pods));
    }

    [Theory]
    [InlineData("Running", false, true, false)]
    [InlineData("Running", true, true, false)]
    [InlineData("Running", true, false, true)]
    [InlineData("Succeeded", false, false, true)]
    [InlineData("Failed", false, true, true)]
    public void A_pod_wants_its_volumes_until_nothing_of_it_runs(
        string phase, bool isDeleted, bool runs, bool expected)
    {
        var pod = Pod("a", "p");
        pod.Metadata.DeletionTimestamp = isDeleted ? Now.UtcDateTime : null;
        pod.Status = new V1PodStatus
        {
            Phase = phase,
            ContainerStatuses =
            [
                new V1ContainerStatus
                {
                    State = runs
                        ? new V1ContainerState { Running = new V1ContainerStateRunning() }
                        : new V1ContainerState { Terminated = new V1ContainerStateTerminated() },
                },
            ],
        };
        Assert.Equal(expected, AttachmentPlanner.IsTerminated(pod));
    }

    private static AttachmentsObserved Observed(V1Node? node) => new() { NodeName = "n", Node = node, Now = Now };

    private static V1Node Node(bool isReady = true) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "n",
            Annotations = new Dictionary<string, string> { [AttachmentPlanner.ManagedAnnotation] = "true" },
        },
        Status = new V1NodeStatus
        {
            Conditions = [new V1NodeCondition { Type = "Ready", Status = isReady ? "True" : "Unknown" }],
        },
    };

    private static V1Pod Pod(string space, string name) =>
        new() { Metadata = new V1ObjectMeta { NamespaceProperty = space, Name = name } };

    private static V1PersistentVolume Volume(string name, string mode = "ReadWriteOnce") => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PersistentVolumeSpec
        {
            AccessModes = mode.Length == 0 ? null : [mode],
            Csi = new V1CSIPersistentVolumeSource { Driver = "d.example.com", VolumeHandle = $"handle-{name}" },
        },
    };

    private static KnownAttachment Known(V1PersistentVolume volume, string node, bool isAttached) => new(
        new V1VolumeAttachment
        {
            Metadata = new V1ObjectMeta { Name = AttachmentPlanner.NameFor(volume, node) },
            Spec = new V1VolumeAttachmentSpec { NodeName = node },
            Status = new V1VolumeAttachmentStatus { Attached = isAttached },
        },
        volume);
}
