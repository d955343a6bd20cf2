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

/// <summary>Volumes that get in each other's way; texts as a 1.36 kube-scheduler writes them.</summary>
public sealed class VolumeConflictTests
{
    private readonly SchedulerCore _core = new("default-scheduler", new ManualTime(), new Random(1));
    private long _revision;

    public VolumeConflictTests()
    {
        var amounts = new Dictionary<string, ResourceQuantity>
        {
            ["cpu"] = new("8"), ["memory"] = new("8Gi"), ["pods"] = new("9"),
        };
        var labels = new Dictionary<string, string>
        {
            ["kubernetes.io/hostname"] = "a", ["topology.kubernetes.io/zone"] = "za",
        };
        _core.ApplyNode(ChangeKind.Added, Object(new V1Node
        {
            Metadata = new V1ObjectMeta { Name = "a", Labels = labels },
            Status = new V1NodeStatus { Allocatable = amounts },
        }));
        Apply(new V1StorageClass
        {
            Metadata = new V1ObjectMeta { Name = "local" },
            Provisioner = "kubernetes.io/no-provisioner",
            VolumeBindingMode = VolumeMatch.WaitForFirstConsumer,
        });
    }

    [Theory]
    [InlineData("gce", true, false)]
    [InlineData("aws", false, false)]
    [InlineData("iscsi", true, false)]
    [InlineData("rbd", true, false)]
    [InlineData("gce", true, true)]
    public void A_disk_is_for_one_pod_of_a_node_or_for_those_that_only_read_it(
        string kind, bool sharesReading, bool isOther)
    {
        Assert.Equal("a", Decide("writer", Disk(kind, "d", isReadOnly: false)).NodeName);
        var refused = Decide("reader", Disk(kind, isOther ? "e" : "d", isReadOnly: true));
        if (isOther)
        {
            Assert.Equal("a", refused.NodeName);
            return;
        }

        Assert.StartsWith("0/1 nodes are available: 1 node(s) had no available disk.", refused.Message);
        Assert.Equal("a", Decide("first", Disk(kind, "r", isReadOnly: true)).NodeName);
        Assert.Equal(sharesReading, Decide("second", Disk(kind, "r", isReadOnly: true)).NodeName == "a");
    }

    [Fact]
    public void A_pod_that_goes_gives_its_disk_back()
    {
        var volume = Disk("rbd", "d", isReadOnly: false);
        Assert.Equal("a", Decide("one", volume).NodeName);
        Assert.Null(Decide("two", volume).NodeName);
        _core.ApplyPod(ChangeKind.Deleted, Object(Pod("one", volume)));
        _core.Tick();
        Assert.Equal(0, _core.Queue.UnschedulableCount);
    }

    [Fact]
    public void What_is_wrong_with_bound_and_with_unbound_claims_is_both_told()
    {
        Apply(Volume("v", "5Gi", "elsewhere"));
        Apply(Claim("bound", "5Gi", "v"));
        Apply(Claim("unbound", "5Gi", null));
        Assert.StartsWith(
            "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind, " +
            "1 node(s) didn't match PersistentVolume's node affinity.",
            Decide("p", Use("bound"), Use("unbound")).Message);
    }

    [Fact]
    public void The_smallest_claim_chooses_first()
    {
        Apply(Volume("small", "5Gi", "a"));
        Apply(Volume("large", "10Gi", "a"));
        Apply(Claim("more", "4Gi", null));
        Apply(Claim("less", "1Gi", null));
        var choices = Decide("p", Use("more"), Use("less")).Volumes;
        Assert.Equal([("less", "small"), ("more", "large")], choices.Select(c => (c.Claim.Name, c.Volume)));
    }

    /// <summary>Nothing of the first choice is stored yet.</summary>
    [Fact]
    public void What_a_pod_that_is_being_bound_has_chosen_is_not_chosen_again()
    {
        Apply(Volume("small", "5Gi", "a"));
        Apply(Volume("large", "10Gi", "a"));
        foreach (var claim in new[] { "one", "two", "three" })
        {
            Apply(Claim(claim, "1Gi", null));
        }

        var first = Decide("p", Use("one"));
        Assert.Equal("small", Assert.Single(first.Volumes).Volume);
        Assert.Equal("large", Assert.Single(Decide("q", Use("two")).Volumes).Volume);
        Assert.StartsWith(
            "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.",
            Decide("r", Use("three")).Message);

        _core.BindingFailed(first.Pod);
        _core.Tick();
        var next = _core.DecideNext()!;
        Assert.Equal(("r", "small"), (next.Pod.Key.Name, Assert.Single(next.Volumes).Volume));
    }

    /// <summary>Whether binding the pod was begun: else nothing is as it was not before.</summary>
    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public void A_volume_that_is_given_back_wakes_who_waits_for_volumes(bool wasBegun, int unschedulable)
    {
        Apply(Volume("v", "5Gi", "a"));
        Apply(Claim("large", "10Gi", null));
        Apply(Claim("one", "1Gi", null));
        Assert.Null(Decide("p", Use("large")).NodeName);
        var decision = Decide("q", Use("one"));
        Assert.Equal("a", decision.NodeName);
        if (wasBegun)
        {
            _core.BindingFailed(decision.Pod);
        }
        else
        {
            _core.BindingPutOff(decision);
        }

        _core.Tick();
        Assert.Equal(unschedulable, _core.Queue.UnschedulableCount);
    }

    /// <summary>After a gap in the stream of changes everything is told again.</summary>
    [Fact]
    public void A_volume_that_is_told_again_as_it_was_stays_assumed()
    {
        Apply(Volume("v", "5Gi", "a"));
        var told = _revision;
        Apply(Claim("one", "1Gi", null));
        Apply(Claim("two", "1Gi", null));
        Assert.Equal("a", Decide("p", Use("one")).NodeName);
        _revision = told - 1;
        Apply(Volume("v", "5Gi", "a"));
        _revision = 1_000;
        Assert.Null(Decide("q", Use("two")).NodeName);
    }

    /// <summary>Somebody else binds the pod; whether our reservation was written before.</summary>
    [Theory]
    [InlineData(false, "a")]
    [InlineData(true, null)]
    public void What_is_assumed_for_a_pod_that_others_bind_ends_with_our_binding(bool isWritten, string? node)
    {
        Apply(Volume("v", "5Gi", "a"));
        Apply(Claim("one", "1Gi", null));
        Apply(Claim("two", "1Gi", null));
        var decision = Decide("p", Use("one"));
        var bound = Pod("p", Use("one"));
        bound.Spec.NodeName = "a";
        _core.ApplyPod(ChangeKind.Modified, Object(bound));
        _core.VolumesEnded(decision.Pod, isWritten);
        Assert.Equal(node, Decide("q", Use("two")).NodeName);
    }

    /// <summary>How it ends, and whether the volume is free then.</summary>
    [Theory]
    [InlineData("reserved", false)]
    [InlineData("gone", true)]
    public void What_is_assumed_of_a_volume_ends_with_what_is_told_of_it(string end, bool isFree)
    {
        var volume = Volume("v", "5Gi", "a");
        Apply(volume);
        Apply(Claim("one", "1Gi", null));
        Apply(Claim("two", "1Gi", null));
        Assert.Equal("a", Decide("p", Use("one")).NodeName);
        if (end == "reserved")
        {
            volume.Spec.ClaimRef = VolumeBinding.Reference(Claim("one", "1Gi", null));
            Apply(volume);
        }

        _core.ApplyPod(ChangeKind.Deleted, Object(Pod("p", Use("one"))));
        Assert.Equal(isFree, Decide("q", Use("two")).NodeName is not null);
    }

    /// <summary>Unlike the binder of claims, which looks at access modes first.</summary>
    [Fact]
    public void The_smallest_volume_is_taken_whatever_else_it_can_do()
    {
        var small = Volume("small", "5Gi", "a");
        small.Spec.AccessModes = ["ReadWriteOnce", "ReadOnlyMany"];
        Apply(small);
        Apply(Volume("large", "10Gi", "a"));
        Apply(Claim("c", "1Gi", null));
        Assert.Equal("small", Assert.Single(Decide("p", Use("c")).Volumes).Volume);
    }

    /// <summary>Claims that are not there are named before those that cannot be used.</summary>
    [Theory]
    [InlineData("waiting", "missing", "persistentvolumeclaim \"missing\" not found")]
    [InlineData("waiting", "lost", "persistentvolumeclaim \"lost\" bound to non-existent persistentvolume \"gone\"")]
    public void The_gravest_reason_is_told(string first, string second, string message)
    {
        Apply(Immediate(Claim("waiting", "1Gi", null)));
        var lost = Claim("lost", "1Gi", "gone");
        lost.Status = new V1PersistentVolumeClaimStatus { Phase = "Lost" };
        lost.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        Apply(lost);
        Assert.Equal(
            $"0/1 nodes are available: {message}. not found", Decide("p", Use(first), Use(second)).Message);
    }

    /// <summary>The label of a volume, its value, and whether the node with the zone "za" is in it.</summary>
    [Theory]
    [InlineData("failure-domain.beta.kubernetes.io/zone", "za", true)]
    [InlineData("failure-domain.beta.kubernetes.io/zone", "zb", false)]
    [InlineData("topology.kubernetes.io/zone", "zb__ za", true)]
    [InlineData("topology.kubernetes.io/zone", "zb__", true)]
    public void Zones_are_read_as_upstream_reads_them(string label, string value, bool fits)
    {
        var volume = Volume("v", "1Gi", "a");
        volume.Metadata.Labels = new Dictionary<string, string> { [label] = value };
        Apply(volume);
        Apply(Claim("c", "1Gi", "v"));
        Assert.Equal(fits ? "a" : null, Decide("p", Use("c")).NodeName);
    }

    /// <summary>Upstream asks for the zones of volumes of claims that a pod names, and of no others.</summary>
    [Fact]
    public void Zones_of_ephemeral_claims_are_not_asked_for()
    {
        var volume = Volume("v", "1Gi", "a");
        volume.Metadata.Labels = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = "zb" };
        Apply(volume);
        var claim = Claim("p-scratch", "1Gi", "v");
        claim.Metadata.OwnerReferences =
            [new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = "p", Uid = "p", Controller = true }];
        Apply(claim);
        var scratch = new V1Volume { Name = "scratch", Ephemeral = new V1EphemeralVolumeSource() };
        Assert.Equal("a", Decide("p", scratch).NodeName);
    }

    private static V1PersistentVolumeClaim Immediate(V1PersistentVolumeClaim claim)
    {
        claim.Spec.StorageClassName = "";
        return claim;
    }

    private static V1Volume Disk(string kind, string name, bool isReadOnly) => kind switch
    {
        "gce" => new V1Volume
        {
            Name = "v",
            GcePersistentDisk = new V1GCEPersistentDiskVolumeSource { PdName = name, ReadOnlyProperty = isReadOnly },
        },
        "aws" => new V1Volume
        {
            Name = "v",
            AwsElasticBlockStore = new V1AWSElasticBlockStoreVolumeSource
            {
                VolumeID = name, ReadOnlyProperty = isReadOnly,
            },
        },
        "iscsi" => new V1Volume
        {
            Name = "v", Iscsi = new V1ISCSIVolumeSource { Iqn = name, ReadOnlyProperty = isReadOnly },
        },
        _ => new V1Volume
        {
            Name = "v",
            Rbd = new V1RBDVolumeSource
            {
                Monitors = ["m1", "m2"], Pool = "rbd", Image = name, ReadOnlyProperty = isReadOnly,
            },
        },
    };

    private static V1Volume Use(string claim) => new()
    {
        Name = claim, PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = claim },
    };

    private static V1PersistentVolumeClaim Claim(string name, string size, string? volume)
    {
        var claim = new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = name },
            Spec = new V1PersistentVolumeClaimSpec
            {
                AccessModes = ["ReadWriteOnce"],
                StorageClassName = "local",
                VolumeName = volume,
                Resources = new V1VolumeResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new(size) },
                },
            },
        };
        if (volume is not null)
        {
            claim.SetAnnotation(VolumeAnnotations.BindCompleted, VolumeAnnotations.Yes);
        }

        return claim;
    }

    private static V1PersistentVolume Volume(string name, string size, string host)
    {
        var requirement = new V1NodeSelectorRequirement
        {
            Key = "kubernetes.io/hostname", OperatorProperty = "In", Values = [host],
        };
        return new V1PersistentVolume
        {
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1PersistentVolumeSpec
            {
                AccessModes = ["ReadWriteOnce"],
                StorageClassName = "local",
                Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new(size) },
                NodeAffinity = new V1VolumeNodeAffinity
                {
                    Required = new V1NodeSelector
                    {
                        NodeSelectorTerms = [new V1NodeSelectorTerm { MatchExpressions = [requirement] }],
                    },
                },
            },
            Status = new V1PersistentVolumeStatus { Phase = "Available" },
        };
    }

    private static V1Pod Pod(string name, params V1Volume[] volumes) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = name },
        Spec = new V1PodSpec
        {
            SchedulerName = "default-scheduler",
            Containers = [new V1Container { Name = "main" }],
            Volumes = volumes,
        },
    };

    private void Apply<T>(T item)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        _core.Apply(ResourceOf<T>.Name, ChangeKind.Added, Object(item));

    private SchedulingDecision Decide(string name, params V1Volume[] volumes)
    {
        _core.ApplyPod(ChangeKind.Added, Object(Pod(name, volumes)));
        _core.Tick();
        return _core.DecideNext()!;
    }

    private ResourceObject Object<T>(T item)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        new(item.Key(), item.Metadata.Uid ?? item.Metadata.Name, ++_revision, ResourceCodec.Encode(item));
}
