using k8s;
using k8s.Models;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>Extended resources that are devices of a class; texts as a 1.36 kube-scheduler writes them.</summary>
public sealed class ExtendedResourceTests
{
    private const string Gpu = "example.com/gpu";

    private readonly ManualTime _time = new();
    private readonly SchedulerCore _core;
    private long _revision;

    public ExtendedResourceTests()
    {
        _core = new SchedulerCore("default-scheduler", _time, new Random(1));
        _core.ApplyNode(ChangeKind.Added, new NodeSketch("a").Build());
        _core.ApplyNode(ChangeKind.Added, new NodeSketch("b").Build());
        Apply(ChangeKind.Added, new DeviceWorld().AddSlice("b", "b", DeviceWorld.Device("d0")));
    }

    [Theory]
    [InlineData(Gpu)]
    [InlineData("deviceclass.resource.kubernetes.io/gpu")]
    public void A_claim_is_made_for_resources_that_are_devices(string resource)
    {
        AddClass();
        var decision = Decide("p", resource);
        Assert.Equal("b", decision.NodeName);
        var choice = Assert.Single(decision.Devices);
        var claim = choice.Made!.Claim;
        Assert.StartsWith("p-extended-resources-", claim.Metadata.Name, StringComparison.Ordinal);
        Assert.Equal("true", claim.Metadata.Annotations["resource.kubernetes.io/extended-resource-claim"]);
        var request = Assert.Single(claim.Spec.Devices.Requests);
        Assert.Equal(
            ("container-1-request-1", "gpu", 1L),
            (request.Name, request.Exactly.DeviceClassName, request.Exactly.Count));
        Assert.Equal("d0", Assert.Single(choice.Allocation!.Devices.Results).Device);
    }

    [Fact]
    public void Devices_are_held_until_the_claim_that_was_made_is_seen_and_as_long_as_it_has_them()
    {
        AddClass();
        var first = Decide("p", Gpu);
        const string none = "0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, " +
            "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
        Assert.Equal(none, Decide("q", Gpu).Message);
        var claim = first.Devices[0].Made!.Claim;
        claim.Metadata.Uid = "made";
        claim.Status = new V1ResourceClaimStatus { Allocation = first.Devices[0].Allocation };
        _core.DevicesEnded(first.Pod, [Object(claim)], isUnclear: false);
        Pass();
        Assert.NotEqual("b", _core.DecideNext()?.NodeName);
        Apply(ChangeKind.Added, claim);
        Pass();
        Assert.NotEqual("b", _core.DecideNext()?.NodeName);
        Apply(ChangeKind.Deleted, claim);
        Pass();
        var second = _core.DecideNext()!;
        Assert.Equal(("q", "b"), (second.Pod.Key.Name, second.NodeName));
    }

    [Fact]
    public void Without_a_class_nodes_must_have_the_resource_themselves()
    {
        Assert.StartsWith("0/2 nodes are available: 2 Insufficient example.com/gpu.", Decide("p", Gpu).Message);
        AddClass();
        Pass();
        Assert.Equal("b", _core.DecideNext()?.NodeName);
    }

    /// <summary>Drivers tell of devices all the time; nobody offers those that the pod wants.</summary>
    [Fact]
    public void Devices_wake_nobody_whose_resource_is_none()
    {
        AddClass();
        Assert.Null(Decide("p", "example.com/other").NodeName);
        Apply(ChangeKind.Added, new DeviceWorld().AddSlice("a", "a", DeviceWorld.Device("d1")));
        AddClass();
        _core.Tick();
        Assert.Equal(1, _core.Queue.UnschedulableCount);
    }

    [Fact]
    public void A_claim_of_an_attempt_that_failed_goes_first()
    {
        AddClass();
        var pod = new PodReader(new ScalarResources()).Read(Object(Pod("p", Gpu)));
        var claim = ExtendedClaims.New(pod, [], _ => "gpu").Claim;
        claim.Metadata.Uid = "left";
        Apply(ChangeKind.Added, claim);
        var decision = Decide("p", Gpu);
        Assert.StartsWith(
            "0/2 nodes are available: 2 cannot schedule extended resource claim. deletion of ResourceClaim completed, ",
            decision.Message);
        Assert.True(decision.Deallocation!.IsLeft);
        Apply(ChangeKind.Deleted, claim);
        Pass();
        Assert.Equal("b", _core.DecideNext()?.NodeName);
    }

    /// <summary>The counts of an init container, a sidecar, a second init container and a container.</summary>
    [Theory]
    [InlineData(0, 1, 0, 2, "container-1-request-0*1 container-3-request-0*2", "1:1 3:3")]
    [InlineData(2, 1, 0, 2, "container-1-request-0*1 container-3-request-0*2", "1:1 3:3 0:1 0:3")]
    [InlineData(4, 1, 5, 2, "container-1-request-0*1 container-2-request-0*3 container-3-request-0*2",
        "1:1 3:3 0:1 0:3 0:2 2:3 2:2")]
    [InlineData(1, 0, 0, 0, "container-0-request-0*1", "0:0")]
    public void Init_containers_use_devices_of_those_that_come_after_them(
        int init, int sidecar, int second, int main, string requests, string mappings)
    {
        int[] counts = [init, sidecar, second, main];
        var wanted = counts.Index().Where(static c => c.Item > 0)
            .Select(static c => new ExtendedRequest(c.Index, 0, c.Index is 0 or 2, Gpu, 0, c.Item)).ToList();
        var devices = new ExtendedDevices(wanted);
        Assert.Equal(requests, string.Join(' ', devices.Requests.Select(static r => $"{r.Name}*{r.Count}")));
        Assert.Equal(
            mappings,
            string.Join(' ', devices.Mappings.Select(static m => $"{m.Container}:{m.Request.Split('-')[1]}")));
    }

    private static V1Pod Pod(string name, string resource) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = name },
        Spec = new V1PodSpec
        {
            SchedulerName = "default-scheduler",
            InitContainers = [new V1Container { Name = "init" }],
            Containers =
            [
                new V1Container
                {
                    Name = "main",
                    Resources = new V1ResourceRequirements
                    {
                        Requests = new Dictionary<string, ResourceQuantity>
                        {
                            ["cpu"] = new("1m"), [resource] = new("1"),
                        },
                    },
                },
            ],
        },
    };

    private void AddClass()
    {
        var gpus = new DeviceWorld().Class("gpu");
        gpus.Spec.ExtendedResourceName = Gpu;
        Apply(ChangeKind.Added, gpus);
    }

    private void Apply<T>(ChangeKind kind, T item)
        where T : class, IKubernetesObject<V1ObjectMeta> => _core.Apply(ResourceOf<T>.Name, kind, Object(item));

    private SchedulingDecision Decide(string name, string resource)
    {
        _core.ApplyPod(ChangeKind.Added, Object(Pod(name, resource)));
        _core.Tick();
        return _core.DecideNext()!;
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
