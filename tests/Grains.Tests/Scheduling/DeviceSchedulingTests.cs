using k8s;
using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>What ResourceClaims do to the choice of a node; texts as a 1.36 kube-scheduler writes them.</summary>
public sealed class DeviceSchedulingTests
{
    private const string Unhelpful =
        " preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";

    private const string NoDevices =
        "0/2 nodes are available: 2 cannot allocate all claims. still not schedulable," + Unhelpful;

    private readonly ManualTime _time = new();
    private readonly SchedulerCore _core;
    private long _revision;

    public DeviceSchedulingTests()
    {
        _core = new SchedulerCore("default-scheduler", _time, new Random(1));
        _core.ApplyNode(ChangeKind.Added, new NodeSketch("a").Build());
        _core.ApplyNode(ChangeKind.Added, new NodeSketch("b").Build());
        var world = new DeviceWorld();
        Apply(world.Class("gpu"));
        Apply(world.AddSlice("b", "b", DeviceWorld.Device("d0")));
    }

    [Fact]
    public void A_claim_draws_its_pod_to_its_devices_and_keeps_them_from_others()
    {
        Apply(Claim("c"));
        Apply(Claim("d"));
        var decision = Decide("p", "c");
        Assert.Equal("b", decision.NodeName);
        var choice = Assert.Single(decision.Devices);
        Assert.Equal(new ObjectKey("default", "c"), choice.Claim);
        Assert.Equal("d0", Assert.Single(choice.Allocation!.Devices.Results).Device);
        Assert.Equal(NoDevices, Decide("q", "d").Message);
    }

    [Fact]
    public void A_pod_whose_claims_are_not_there_is_not_tried_until_they_are()
    {
        Assert.Null(DecideOrNot("p", "c"));
        Apply(Claim("c"));
        Assert.Equal("b", DecideNext().NodeName);
        Apply(Claim("gone", c => c.Metadata.DeletionTimestamp = DateTime.UnixEpoch));
        Assert.Null(DecideOrNot("q", "gone"));
    }

    /// <summary>It is made for the pod: first it is nameless, and one of that name must be the pod's.</summary>
    [Fact]
    public void A_claim_of_a_template_must_be_the_pods_own()
    {
        Assert.Null(DecideOrNot("p", null));
        Apply(Claim("made"));
        Assert.Null(DecideOrNot("p", null, "made"));
        Apply(Claim("made", c => c.Metadata.OwnerReferences =
            [new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = "p", Uid = "p", Controller = true }]));
        Assert.Equal("made", Assert.Single(DecideNext().Devices).Claim.Name);
        Assert.NotNull(Decide("none", null, "").NodeName);
    }

    [Fact]
    public void A_class_that_is_not_there_is_named()
    {
        Apply(Claim("c", c => c.Spec.Devices.Requests[0].Exactly.DeviceClassName = "nope"));
        Assert.Equal(
            "0/2 nodes are available: request x: device class nope does not exist. no new claims to deallocate," +
            Unhelpful,
            Decide("p", "c").Message);
        Apply(new V1DeviceClass { Metadata = new V1ObjectMeta { Name = "nope" }, Spec = new V1DeviceClassSpec() });
        Pass();
        Assert.Equal("b", DecideNext().NodeName);
    }

    [Fact]
    public void While_a_claim_is_written_a_second_pod_waits_for_it()
    {
        Apply(Claim("c"));
        var first = Decide("p", "c");
        Assert.Equal(
            "0/2 nodes are available: resource claim default/c is in the process of being allocated. " +
            "no new claims to deallocate," + Unhelpful,
            Decide("q", "c").Message);
        var written = Object(Claim("c", c => Give(c, first, "p")));
        _core.DevicesEnded(first.Pod, [written], isUnclear: false);
        _core.Apply(WellKnown.ResourceClaims, ChangeKind.Modified, written);
        Pass();
        var second = DecideNext();
        Assert.Equal(("q", "b"), (second.Pod.Key.Name, second.NodeName));
        Assert.Null(Assert.Single(second.Devices).Allocation);
    }

    /// <summary>
    /// What was not written is free at once; what may have been written is not, until changes must have come.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Devices_of_a_failed_decision_are_free_again(bool isUnclear)
    {
        Apply(Claim("c"));
        Apply(Claim("d"));
        var first = Decide("p", "c");
        Assert.Equal(NoDevices, Decide("q", "d").Message);
        _core.DevicesEnded(first.Pod, [], isUnclear);
        _core.PodVanished(first.Pod);
        Pass();
        if (isUnclear)
        {
            Assert.Null(_core.DecideNext());
            _time.Advance(SchedulerCore.AssumedExpiry);
            _core.Tick();
        }

        var second = DecideNext();
        Assert.Equal(("q", "b"), (second.Pod.Key.Name, second.NodeName));
    }

    [Fact]
    public void Devices_that_keep_their_pod_from_every_node_are_given_back()
    {
        var elsewhere = new V1NodeSelector
        {
            NodeSelectorTerms =
            [
                new V1NodeSelectorTerm
                {
                    MatchFields =
                    [
                        new V1NodeSelectorRequirement
                        {
                            Key = "metadata.name", OperatorProperty = "In", Values = ["lost"],
                        },
                    ],
                },
            ],
        };
        Apply(Claim("c", c => c.Status.Allocation = new V1AllocationResult { NodeSelector = elsewhere }));
        var decision = Decide("p", "c");
        Assert.Equal(
            "0/2 nodes are available: 2 resourceclaim not available on the node. deallocation of ResourceClaim " +
            "completed," + Unhelpful,
            decision.Message);
        Assert.Equal("c", decision.Deallocation!.Claim.Name);
        Apply(Claim("c"));
        Pass();
        Assert.Equal("b", DecideNext().NodeName);

        Apply(Claim("used", c =>
        {
            c.Status.Allocation = new V1AllocationResult { NodeSelector = elsewhere };
            c.Status.ReservedFor = [new V1ResourceClaimConsumerReference { Resource = "pods", Name = "r", Uid = "r" }];
        }));
        decision = Decide("q", "used");
        Assert.Null(decision.Deallocation);
        Assert.Contains("still not schedulable", decision.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_selector_that_fails_is_an_error_and_the_pod_is_tried_again()
    {
        Apply(Claim("c", c => c.Spec.Devices.Requests[0].Exactly.Selectors =
            [DeviceWorld.Selector("device.attributes['x'].y == 1")]));
        var decision = Decide("p", "c");
        Assert.True(decision.IsError);
        Assert.StartsWith(
            "running \"DynamicResources\" filter plugin: claim default/c: selector #0 on device " +
            "gpu.example.com/b/d0: CEL runtime error: no such key: y.",
            decision.Message,
            StringComparison.Ordinal);
        Pass();
        Assert.Equal("p", DecideNext().Pod.Key.Name);
    }

    /// <summary>Neither pods that come nor pods that go free a device; a claim, a slice or a node may.</summary>
    [Fact]
    public void Only_what_may_bring_devices_wakes_a_pod_that_lacks_them()
    {
        Apply(Claim("c", c => c.Spec.Devices.Requests[0].Exactly.Count = 2));
        Assert.Equal(NoDevices, Decide("p", "c").Message);
        _core.ApplyPod(ChangeKind.Added, new PodSketch("other") { NodeName = "a" }.Build(++_revision));
        Pass();
        _core.ApplyPod(ChangeKind.Deleted, new PodSketch("other") { NodeName = "a" }.Build(++_revision));
        Pass();
        Assert.Null(_core.DecideNext());
        Apply(new DeviceWorld().AddSlice("more", "a", DeviceWorld.Device("e0"), DeviceWorld.Device("e1")));
        Pass();
        Assert.Equal("a", DecideNext().NodeName);
    }

    [Fact]
    public void Devices_wake_no_pod_that_other_things_keep_away()
    {
        _core.ApplyNode(ChangeKind.Modified, new NodeSketch("a") { Unschedulable = true }.Build());
        _core.ApplyNode(ChangeKind.Modified, new NodeSketch("b") { Unschedulable = true }.Build());
        Apply(Claim("c"));
        Assert.Null(Decide("p", "c").NodeName);
        Apply(new DeviceWorld().AddSlice("more", "a", DeviceWorld.Device("e0")));
        Pass();
        Assert.Null(_core.DecideNext());
        _core.ApplyNode(ChangeKind.Modified, new NodeSketch("b").Build());
        Pass();
        Assert.Equal("b", DecideNext().NodeName);
    }

    private static void Give(Resourcev1ResourceClaim claim, SchedulingDecision decision, string user)
    {
        claim.Status.Allocation = decision.Devices[0].Allocation;
        claim.Status.ReservedFor =
            [new V1ResourceClaimConsumerReference { Resource = "pods", Name = user, Uid = user }];
    }

    private static Resourcev1ResourceClaim Claim(string name, Action<Resourcev1ResourceClaim>? change = null)
    {
        var claim = DeviceWorld.Claim(name, DeviceWorld.Request("x"));
        claim.Status = new V1ResourceClaimStatus();
        change?.Invoke(claim);
        return claim;
    }

    private void Apply<T>(T item)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        _core.Apply(ResourceOf<T>.Name, ChangeKind.Added, Object(item));

    private SchedulingDecision Decide(string name, string? claim, string? made = null) =>
        DecideOrNot(name, claim, made) ?? throw new InvalidOperationException($"{name} is not tried");

    private SchedulingDecision? DecideOrNot(string name, string? claim, string? made = null)
    {
        _core.ApplyPod(ChangeKind.Added, Object(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = name },
            Spec = new V1PodSpec
            {
                SchedulerName = "default-scheduler",
                Containers = [new V1Container { Name = "main" }],
                ResourceClaims =
                [
                    new V1PodResourceClaim
                    {
                        Name = "gpu",
                        ResourceClaimName = claim,
                        ResourceClaimTemplateName = claim is null ? "t" : null,
                    },
                ],
            },
            Status = new V1PodStatus
            {
                ResourceClaimStatuses = made is null
                    ? null
                    :
                    [
                        new V1PodResourceClaimStatus
                        {
                            Name = "gpu", ResourceClaimName = made.Length == 0 ? null : made,
                        },
                    ],
            },
        }));
        _core.Tick();
        return _core.DecideNext();
    }

    private SchedulingDecision DecideNext()
    {
        _core.Tick();
        return _core.DecideNext() ?? throw new InvalidOperationException("no pod is to be tried");
    }

    /// <summary>Lets the longest back-off end.</summary>
    private void Pass()
    {
        _core.Tick();
        _time.Advance(new SchedulingBackoff().Max);
        _core.Tick();
    }

    private ResourceObject Object<T>(T item)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        new(item.Key(), item.Metadata.Uid ?? item.Metadata.Name, ++_revision, ResourceCodec.Encode(item));
}
