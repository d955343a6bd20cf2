using k8s;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.PersistentVolumes;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>What claims do to the choice of a node; texts as a 1.36 kube-scheduler writes them.</summary>
public sealed class VolumeSchedulingTests
{
    private const string Unhelpful =
        " no new claims to deallocate, preemption: 0/2 nodes are available: " +
        "2 Preemption is not helpful for scheduling.";

    private readonly SchedulerCore _core = new("default-scheduler", new ManualTime(), new Random(1));
    private long _revision;

    public VolumeSchedulingTests()
    {
        foreach (var zone in new[] { "a", "b" })
        {
            var labels = new Dictionary<string, string>
            {
                ["kubernetes.io/hostname"] = zone, ["topology.kubernetes.io/zone"] = zone,
            };
            Node(zone, labels);
        }

        Apply(new V1StorageClass
        {
            Metadata = new V1ObjectMeta { Name = "late" },
            Provisioner = "example.com/disk",
            VolumeBindingMode = VolumeMatch.WaitForFirstConsumer,
        });
        Apply(new V1StorageClass
        {
            Metadata = new V1ObjectMeta { Name = "local" },
            Provisioner = "kubernetes.io/no-provisioner",
            VolumeBindingMode = VolumeMatch.WaitForFirstConsumer,
        });
    }

    [Theory]
    [InlineData("missing", "0/2 nodes are available: persistentvolumeclaim \"c\" not found. not found")]
    [InlineData("deleted", "0/2 nodes are available: persistentvolumeclaim \"c\" is being deleted. not found")]
    [InlineData("unbound", "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found")]
    [InlineData(
        "local", "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind." + Unhelpful)]
    [InlineData("lost", "0/2 nodes are available: persistentvolume \"v\" not found. not found")]
    public void A_claim_that_cannot_be_used_is_named(string what, string message)
    {
        if (what != "missing")
        {
            Apply(Claim(c =>
            {
                c.Metadata.DeletionTimestamp = what == "deleted" ? DateTime.UnixEpoch : null;
                c.Spec.StorageClassName = what == "local" ? "local" : "";
                Bound(c, what == "lost" ? "v" : null);
            }));
        }

        Assert.Equal(message, Decide("p").Message);
    }

    [Theory]
    [InlineData("b", "b")]
    [InlineData("elsewhere", null)]
    public void A_bound_volume_draws_its_pod_to_itself(string place, string? node)
    {
        Apply(Volume(place, v => v.Spec.ClaimRef = new V1ObjectReference { Name = "c", Uid = "c" }));
        Apply(Claim(c => Bound(c, "v")));
        var decision = Decide("p");
        Assert.Equal(node, decision.NodeName);
        Assert.Empty(decision.Volumes);
        if (node is null)
        {
            Assert.StartsWith(
                "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.", decision.Message);
        }
    }

    [Theory]
    [InlineData("b", "b")]
    [InlineData("b__a", null)]
    [InlineData("z", "")]
    public void A_volume_is_used_in_its_zones_only(string zones, string? node)
    {
        var labels = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = zones };
        Apply(Volume(null, v => v.Metadata.Labels = labels));
        Apply(Claim(c => Bound(c, "v")));
        var decision = Decide("p");
        Assert.Equal(node ?? decision.NodeName, decision.NodeName ?? "");
        Assert.Equal(
            node == "", decision.Message?.Contains("no available volume zone", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void A_delayed_claim_gets_the_volume_of_the_node()
    {
        Apply(Volume("b", v => v.Spec.StorageClassName = "local"));
        Apply(Claim(c => c.Spec.StorageClassName = "local"));
        var decision = Decide("p");
        Assert.Equal("b", decision.NodeName);
        Assert.Equal([new VolumeChoice(new ObjectKey("default", "c"), "c", "v")], decision.Volumes);
    }

    [Fact]
    public void A_volume_that_is_being_made_keeps_its_node()
    {
        Apply(Claim(c =>
        {
            c.Spec.StorageClassName = "late";
            c.SetAnnotation(VolumeAnnotations.SelectedNode, "b");
        }));
        var decision = Decide("p");
        Assert.Equal("b", decision.NodeName);
        Assert.Null(Assert.Single(decision.Volumes).Volume);
    }

    [Fact]
    public void A_claim_for_one_pod_is_not_for_a_second_one()
    {
        Apply(Volume(null, _ => { }));
        Apply(Claim(c =>
        {
            Bound(c, "v");
            c.Spec.AccessModes = ["ReadWriteOncePod"];
        }));
        Assert.NotNull(Decide("p").NodeName);
        Assert.StartsWith(
            "0/2 nodes are available: 2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access",
            Decide("q").Message);
    }

    /// <summary>Limit, whether another pod of the node has the same volume; whether the node takes the pod.</summary>
    [Theory]
    [InlineData(null, false, true)]
    [InlineData(1, false, true)]
    [InlineData(0, false, false)]
    [InlineData(1, true, true)]
    public void A_node_takes_as_many_volumes_of_a_driver_as_it_says(int? limit, bool isShared, bool fits)
    {
        foreach (var node in new[] { "a", "b" })
        {
            Apply(CsiNode(node, "d.example.com", limit));
        }

        Apply(Volume(
            isShared ? "b" : null,
            v => v.Spec.Csi = new V1CSIPersistentVolumeSource { Driver = "d.example.com", VolumeHandle = "h" }));
        Apply(Claim(c => Bound(c, "v")));
        if (isShared)
        {
            Assert.Equal("b", Decide("p").NodeName);
        }

        var decision = Decide("q");

        Assert.Equal(fits, decision.NodeName is not null);
        Assert.Equal(
            !fits,
            decision.Message?.StartsWith(
                "0/2 nodes are available: 2 node(s) exceed max volume count.", StringComparison.Ordinal) == true);
    }

    /// <summary>
    /// Only a driver that publishes what it has left is held to it, and only where a node can reach it.
    /// </summary>
    [Theory]
    [InlineData(true, "2Gi", null, "b", "b")]
    [InlineData(true, "2Gi", "1Gi", "b", null)]
    [InlineData(true, "1Mi", null, "b", null)]
    [InlineData(true, "2Gi", null, "elsewhere", null)]
    [InlineData(false, "1Mi", null, "b", "")]
    public void A_volume_is_made_where_there_is_space_for_it(
        bool isPublished, string capacity, string? max, string zone, string? node)
    {
        Apply(new V1CSIDriver
        {
            Metadata = new V1ObjectMeta { Name = "example.com/disk" },
            Spec = new V1CSIDriverSpec { StorageCapacity = isPublished },
        });
        Apply(new V1CSIStorageCapacity
        {
            Metadata = new V1ObjectMeta { Name = "cap", NamespaceProperty = "default" },
            StorageClassName = "late",
            Capacity = new ResourceQuantity(capacity),
            MaximumVolumeSize = max is null ? null : new ResourceQuantity(max),
            NodeTopology = new V1LabelSelector
            {
                MatchLabels = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = zone },
            },
        });
        Apply(Claim(c =>
        {
            c.Spec.StorageClassName = "late";
            c.Spec.Resources = new V1VolumeResourceRequirements
            {
                Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new("2Gi") },
            };
        }));

        var decision = Decide("p");

        Assert.Equal(node == "" ? decision.NodeName : node, decision.NodeName);
        Assert.Equal(
            node is null,
            decision.Message?.StartsWith(
                "0/2 nodes are available: 2 node(s) did not have enough free storage.",
                StringComparison.Ordinal) == true);
    }

    [Fact]
    public void A_claim_that_comes_wakes_its_pod()
    {
        Assert.Null(Decide("p").NodeName);
        Apply(Claim(c => c.Spec.StorageClassName = "late"));
        _core.Tick();
        Assert.Equal(0, _core.Queue.UnschedulableCount);
    }

    /// <summary>The other node has more room, but a volume can be made in one place only.</summary>
    [Fact]
    public void Pods_that_share_a_claim_go_where_its_volume_is_to_be_made()
    {
        Apply(Claim(c => c.Spec.StorageClassName = "late"));
        var first = Decide("p").NodeName;
        Assert.NotNull(first);
        Assert.Equal(first, Decide("q").NodeName);
    }

    /// <summary>Whose claim it is, what happens to it, and whether the pod is tried again.</summary>
    [Theory]
    [InlineData("c", ChangeKind.Added, true)]
    [InlineData("other", ChangeKind.Added, false)]
    [InlineData("c", ChangeKind.Deleted, false)]
    public void Only_a_claim_of_its_own_wakes_a_pod(string name, ChangeKind kind, bool isTried)
    {
        Assert.Null(Decide("p").NodeName);
        var claim = Claim(c => (c.Spec.StorageClassName, c.Metadata.Name) = ("late", name));
        _core.Apply(WellKnown.PersistentVolumeClaims, kind, Object(claim));
        _core.Tick();
        Assert.Equal(isTried ? 0 : 1, _core.Queue.UnschedulableCount);
    }

    [Fact]
    public void A_volume_wakes_no_pod_that_waits_for_something_else()
    {
        Apply(Volume(null, _ => { }));
        Apply(Claim(c => Bound(c, "v")));
        Node("a", [], isUnschedulable: true);
        Node("b", [], isUnschedulable: true);
        Assert.Null(Decide("p").NodeName);
        Apply(Volume(null, v => v.Metadata.Name = "other"));
        _core.Tick();
        Assert.Equal(1, _core.Queue.UnschedulableCount);
    }

    /// <summary>The first pod was on a node that takes no more pods: the second one fits elsewhere only.</summary>
    [Fact]
    public void A_claim_for_one_pod_that_is_let_go_wakes_whoever_waits_for_it()
    {
        Apply(Volume(null, _ => { }));
        Apply(Claim(c =>
        {
            Bound(c, "v");
            c.Spec.AccessModes = ["ReadWriteOncePod"];
        }));
        var first = Decide("p").NodeName!;
        Node(first, [], isUnschedulable: true);
        Assert.Null(Decide("q").NodeName);
        _core.ApplyPod(ChangeKind.Deleted, Object(Pod("p")));
        _core.Tick();
        Assert.Equal(first == "a" ? "b" : "a", _core.DecideNext()?.NodeName);
    }

    /// <summary>What comes, and whether whoever waits for a node that takes more volumes is tried again.</summary>
    [Theory]
    [InlineData("volume", false)]
    [InlineData("class", false)]
    [InlineData("capacity", false)]
    [InlineData("claim", true)]
    [InlineData("limit", true)]
    public void What_a_rule_does_not_look_at_wakes_nobody_whom_it_rejected(string what, bool isTried)
    {
        const string driver = "d.example.com";
        Apply(Volume(null, v => v.Spec.Csi = new V1CSIPersistentVolumeSource { Driver = driver, VolumeHandle = "h" }));
        Apply(Claim(c => Bound(c, "v")));
        Apply(CsiNode("a", driver, 0));
        Apply(CsiNode("b", driver, 0));
        Assert.StartsWith("0/2 nodes are available: 2 node(s) exceed max volume count.", Decide("p").Message);
        switch (what)
        {
            case "volume":
                Apply(Volume(null, static v => v.Metadata.Name = "other"));
                break;
            case "class":
                Apply(new V1StorageClass { Metadata = new V1ObjectMeta { Name = "new" }, Provisioner = driver });
                break;
            case "capacity":
                Apply(new V1CSIStorageCapacity
                {
                    Metadata = new V1ObjectMeta { Name = "room", NamespaceProperty = "default" },
                    StorageClassName = "late",
                });
                break;
            case "claim":
                Apply(Claim(c => Bound(c, "v")));
                break;
            default:
                Apply(CsiNode("b", driver, 1));
                break;
        }

        _core.Tick();
        Assert.Equal(isTried ? 0 : 1, _core.Queue.UnschedulableCount);
    }

    /// <summary>
    /// Whether the volume in the way is the pod's own, whether it goes, and whether the pod has a place.
    /// </summary>
    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    public void What_is_attached_counts_though_no_pod_uses_it(bool isOwn, bool goes, bool fits)
    {
        const string driver = "d.example.com";
        Apply(Volume(null, v => v.Spec.Csi = new V1CSIPersistentVolumeSource { Driver = driver, VolumeHandle = "h" }));
        Apply(Volume(null, v =>
        {
            v.Metadata.Name = "other";
            v.Spec.Csi = new V1CSIPersistentVolumeSource { Driver = driver, VolumeHandle = "i" };
        }));
        Apply(Claim(c => Bound(c, "v")));
        foreach (var node in new[] { "a", "b" })
        {
            Apply(CsiNode(node, driver, 1));
            Apply(Attachment(node, driver, isOwn ? "v" : "other"));
        }

        var decision = Decide("p");
        if (goes)
        {
            Assert.Null(decision.NodeName);
            _core.Apply(
                WellKnown.VolumeAttachments, ChangeKind.Deleted, Object(Attachment("b", driver, "other")));
            _core.Tick();
            decision = _core.DecideNext()!;
        }

        Assert.Equal(fits, decision.NodeName is not null);
    }

    private static V1VolumeAttachment Attachment(string node, string driver, string volume) => new()
    {
        Metadata = new V1ObjectMeta { Name = $"on-{node}" },
        Spec = new V1VolumeAttachmentSpec
        {
            Attacher = driver, NodeName = node,
            Source = new V1VolumeAttachmentSource { PersistentVolumeName = volume },
        },
    };

    private static V1CSINode CsiNode(string node, string driver, int? limit) => new()
    {
        Metadata = new V1ObjectMeta { Name = node },
        Spec = new V1CSINodeSpec
        {
            Drivers =
            [
                new V1CSINodeDriver
                {
                    Name = driver, NodeID = node, Allocatable = new V1VolumeNodeResources { Count = limit },
                },
            ],
        },
    };

    private static void Bound(V1PersistentVolumeClaim claim, string? volume)
    {
        if (volume is not null)
        {
            claim.Spec.VolumeName = volume;
            claim.SetAnnotation(VolumeAnnotations.BindCompleted, VolumeAnnotations.Yes);
        }
    }

    private static V1PersistentVolumeClaim Claim(Action<V1PersistentVolumeClaim> change)
    {
        var claim = new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "default", Uid = "c" },
            Spec = new V1PersistentVolumeClaimSpec { AccessModes = ["ReadWriteOnce"] },
        };
        change(claim);
        return claim;
    }

    private static V1PersistentVolume Volume(string? place, Action<V1PersistentVolume> change)
    {
        var volume = new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = "v" },
            Spec = new V1PersistentVolumeSpec { AccessModes = ["ReadWriteOnce"] },
            Status = new V1PersistentVolumeStatus { Phase = "Available" },
        };
        if (place is not null)
        {
            var requirement = new V1NodeSelectorRequirement
            {
                Key = "kubernetes.io/hostname", OperatorProperty = "In", Values = [place],
            };
            var term = new V1NodeSelectorTerm { MatchExpressions = [requirement] };
            volume.Spec.NodeAffinity = new V1VolumeNodeAffinity
            {
                Required = new V1NodeSelector { NodeSelectorTerms = [term] },
            };
        }

        change(volume);
        return volume;
    }

    private void Node(string name, Dictionary<string, string> labels, bool isUnschedulable = false)
    {
        var amounts = new Dictionary<string, ResourceQuantity>
        {
            ["cpu"] = new("8"), ["memory"] = new("8Gi"), ["pods"] = new("9"),
        };
        _core.ApplyNode(ChangeKind.Added, Object(new V1Node
        {
            Metadata = new V1ObjectMeta { Name = name, Labels = labels },
            Spec = new V1NodeSpec { Unschedulable = isUnschedulable },
            Status = new V1NodeStatus { Allocatable = amounts },
        }));
    }

    private void Apply<T>(T item)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        _core.Apply(ResourceOf<T>.Name, ChangeKind.Added, Object(item));

    private SchedulingDecision Decide(string name)
    {
        _core.ApplyPod(ChangeKind.Added, Object(Pod(name)));
        _core.Tick();
        return _core.DecideNext()!;
    }

    private static V1Pod Pod(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = name },
        Spec = new V1PodSpec
        {
            SchedulerName = "default-scheduler",
            Containers = [new V1Container { Name = "main" }],
            Volumes =
            [
                new V1Volume
                {
                    Name = "data",
                    PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = "c" },
                },
            ],
        },
    };

    private ResourceObject Object<T>(T item)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        new(item.Key(), item.Metadata.Uid ?? item.Metadata.Name, ++_revision, ResourceCodec.Encode(item));
}
