using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>What the scheduler writes of ResourceClaims, and takes back.</summary>
public sealed class DeviceLoopTests : IAsyncDisposable
{
    private const string UsesClaim = "\"resourceClaims\":[{\"name\":\"gpu\",\"resourceClaimName\":\"c\"}]";
    private static readonly ObjectKey Claim = new("default", "c");

    private readonly SchedulingApi _api = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly DeviceWorld _world = new();
    private Task _run = Task.CompletedTask;

    public DeviceLoopTests()
    {
        _api.Put(WellKnown.Nodes, new NodeSketch("n").Build());
        Put(_world.Class("gpu"));
        Put(_world.AddSlice("n", "n", DeviceWorld.Device("d0")));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    [Fact]
    public async Task Devices_are_written_before_the_pod_is_bound()
    {
        Put(NewClaim());
        _api.Put(WellKnown.Pods, new PodSketch("a") { Spec = UsesClaim }.Build());
        Start();
        await _api.UntilAsync(() => NodeOf("a") == "n");
        var claim = _api.Find(WellKnown.ResourceClaims, Claim)!;
        Assert.Equal(["resource.kubernetes.io/delete-protection"], Texts(claim["metadata"]!["finalizers"]));
        Assert.Equal("d0", claim["status"]!["allocation"]!["devices"]!["results"]![0]!["device"]!.GetValue<string>());
        Assert.NotNull(claim["status"]!["allocation"]!["allocationTimestamp"]);
        Assert.Equal(["a"], Users());
        Assert.Equal("system:kube-scheduler", _api.Writers["update resourceclaims"]);

        // A second user waits for nothing.
        _api.Put(WellKnown.Pods, new PodSketch("b") { Spec = UsesClaim }.Build());
        await _api.UntilAsync(() => NodeOf("b") == "n");
        Assert.Equal(["a", "b"], Users());
    }

    [Fact]
    public async Task A_pod_that_is_not_bound_uses_nothing_and_has_its_devices_the_next_time()
    {
        var (refusals, users) = (0, new List<string>());
        _api.Intercept = (what, _) =>
        {
            if (what is "binding pods" or "update resourceclaims")
            {
                users.Add($"{what.Split(' ')[0]} {string.Join(',', Users())}");
            }

            return what == "binding pods" && refusals++ == 0 ? StatusErrors.InternalError("no") : null;
        };
        Put(NewClaim());
        _api.Put(WellKnown.Pods, new PodSketch("a") { Spec = UsesClaim }.Build());
        Start();
        await _api.UntilAsync(() => NodeOf("a") == "n");

        // The finalizer, the devices, the refusal, the pod taken off again; then the pod alone, and the binding.
        Assert.Equal(["update ", "update ", "binding a", "update a", "update ", "binding a"], users);
    }

    [Fact]
    public async Task A_claim_that_cannot_be_written_leaves_its_pod_waiting_and_the_device_free()
    {
        var refusals = 0;
        _api.Intercept = (what, key) => what == "update resourceclaims" && key == Claim && refusals++ == 0
            ? StatusErrors.InternalError("out of order")
            : null;
        Put(NewClaim());
        _api.Put(WellKnown.Pods, new PodSketch("a") { Spec = UsesClaim }.Build());
        Start();
        await _api.UntilAsync(() => Condition("a") is not null);
        Assert.Equal(
            "running PreBind plugin \"DynamicResources\": add finalizer to claim default/c: Internal error occurred: " +
            "out of order",
            Condition("a")!["message"]!.GetValue<string>());
        await _api.UntilAsync(() => NodeOf("a") == "n");
    }

    [Fact]
    public async Task Devices_out_of_reach_are_given_back_for_others()
    {
        var claim = NewClaim();
        claim.Status.Allocation = new V1AllocationResult
        {
            Devices = new V1DeviceAllocationResult
            {
                Results =
                [
                    new V1DeviceRequestAllocationResult
                    {
                        Request = "x", Driver = DeviceWorld.Driver, Pool = "lost", Device = "d9",
                    },
                ],
            },
            NodeSelector = new V1NodeSelector
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
            },
        };
        Put(claim);
        _api.Put(WellKnown.Pods, new PodSketch("a") { Spec = UsesClaim }.Build());
        Start();
        await _api.UntilAsync(() => NodeOf("a") == "n");
        var results = _api.Find(WellKnown.ResourceClaims, Claim)!["status"]!["allocation"]!["devices"]!["results"]!;
        Assert.Equal("d0", results[0]!["device"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_pod_waits_until_its_devices_are_prepared()
    {
        Put(_world.AddSlice("n", "n", AwaitedDevice()));
        Put(NewClaim());
        _api.Put(WellKnown.Pods, new PodSketch("a") { Spec = UsesClaim }.Build());
        Start();
        await _api.UntilAsync(() => NominationOf("a") == "n"
            && IsTold("BindingConditionsPending", "waiting for binding conditions for device on node n")
            && Users() is ["a"]);
        Assert.Null(NodeOf("a"));
        await ShowAsync("ready");
        await _api.UntilAsync(() => NodeOf("a") == "n");
    }

    [Fact]
    public async Task Devices_that_cannot_be_prepared_are_given_back_and_others_are_tried()
    {
        Put(_world.AddSlice("n", "n", AwaitedDevice()));
        Put(NewClaim());
        _api.Put(WellKnown.Pods, new PodSketch("a") { Spec = UsesClaim }.Build());
        Start();
        await _api.UntilAsync(() => NominationOf("a") == "n" && Users() is ["a"]);
        await ShowAsync("broken");
        await _api.UntilAsync(() => IsTold(
            "FailedScheduling",
            "running PreBind plugin \"DynamicResources\": claim c binding failed: reason=R, message=\"m\""));

        // The driver's word goes with the devices, and the pod has them anew.
        await _api.UntilAsync(
            () => Status()?["devices"] is null && Status()?["allocation"] is not null && Users() is ["a"]);
        await ShowAsync("ready");
        await _api.UntilAsync(() => NodeOf("a") == "n");
    }

    [Fact]
    public async Task A_pod_whose_devices_are_prepared_makes_room_without_being_removed()
    {
        _api.Put(WellKnown.Nodes, new NodeSketch("n") { Allocatable = "cpu=1,memory=1Gi,pods=1" }.Build());
        Put(_world.AddSlice("n", "n", AwaitedDevice()));
        Put(NewClaim());
        _api.Put(WellKnown.Pods, new PodSketch("low") { Spec = UsesClaim }.Build());
        Start();
        await _api.UntilAsync(() => IsTold(
            "BindingConditionsPending", "waiting for binding conditions for device on node n") && Users() is ["low"]);
        _api.Put(WellKnown.Pods, new PodSketch("high") { Priority = 1 }.Build());
        await _api.UntilAsync(() => NodeOf("high") == "n");
        await _api.UntilAsync(() => IsTold(
            "Preempted", "Preempted by pod uid-default-high on node n (in kube-scheduler memory)."));
        await _api.UntilAsync(() => IsTold(
            "FailedScheduling", "running PreBind plugin \"DynamicResources\": context canceled"));
        Assert.Empty(Users());
        Assert.Null(NodeOf("low"));
        Assert.DoesNotContain("delete pods", _api.Writers.Keys);
    }

    [Fact]
    public async Task A_pod_shows_where_it_goes_before_its_devices_are_written()
    {
        var order = new List<string>();
        _api.Intercept = (what, _) =>
        {
            if (what is "patch pods" or "update resourceclaims" or "binding pods")
            {
                order.Add($"{what} {NominationOf("a")}");
            }

            return null;
        };
        Put(NewClaim());
        _api.Put(WellKnown.Pods, new PodSketch("a") { Spec = UsesClaim }.Build());
        Start();
        await _api.UntilAsync(() => NodeOf("a") == "n");
        Assert.Equal(
            ["patch pods ", "update resourceclaims n", "update resourceclaims n", "binding pods n"], order);
    }

    private static V1Device AwaitedDevice()
    {
        var device = DeviceWorld.Device("d0");
        (device.BindingConditions, device.BindingFailureConditions) = (["ready"], ["broken"]);
        return device;
    }

    private async Task ShowAsync(string condition) => Assert.True((await _api.MutateAsync<Resourcev1ResourceClaim>(
        Claim,
        "status",
        c =>
        {
            var given = c.Status.Allocation.Devices.Results[0];
            c.Status.Devices =
            [
                new V1AllocatedDeviceStatus
                {
                    Driver = given.Driver,
                    Pool = given.Pool,
                    Device = given.Device,
                    Conditions = [new V1Condition { Type = condition, Status = "True", Reason = "R", Message = "m" }],
                },
            ];
            return true;
        },
        default)).Succeeded);

    private bool IsTold(string reason, string message) => _api.All(WellKnown.Events).Any(
        e => e["reason"]!.GetValue<string>() == reason && e["message"]!.GetValue<string>() == message);

    private JsonNode? Status() => _api.Find(WellKnown.ResourceClaims, Claim)!["status"];

    private string? NominationOf(string pod) =>
        _api.Find(WellKnown.Pods, new ObjectKey("default", pod))?["status"]?["nominatedNodeName"]?.GetValue<string>();

    private static Resourcev1ResourceClaim NewClaim()
    {
        var claim = DeviceWorld.Claim("c", DeviceWorld.Request("x"));
        claim.Status = new V1ResourceClaimStatus();
        return claim;
    }

    private static string[] Texts(JsonNode? list) => [.. (list?.AsArray() ?? []).Select(n => n!.GetValue<string>())];

    private void Put<T>(T item)
        where T : class, IKubernetesObject<V1ObjectMeta> => _api.Put(
            ResourceOf<T>.Name, new ResourceObject(item.Key(), item.Metadata.Uid ?? "", 1, ResourceCodec.Encode(item)));

    private void Start()
    {
        var loop = new SchedulerLoop(
            _api, new SchedulerOptions { Seed = 1 }, TimeProvider.System, NullLogger.Instance);
        _run = RunAsync(loop);
    }

    private async Task RunAsync(SchedulerLoop loop)
    {
        using (loop)
        {
            await loop.RunAsync(_stop.Token);
        }
    }

    private string[] Users() =>
    [
        .. (_api.Find(WellKnown.ResourceClaims, Claim)!["status"]?["reservedFor"]?.AsArray() ?? [])
            .Select(r => r!["name"]!.GetValue<string>()),
    ];

    private string? NodeOf(string pod) =>
        _api.Find(WellKnown.Pods, new ObjectKey("default", pod))?["spec"]?["nodeName"]?.GetValue<string>();

    private JsonNode? Condition(string pod) =>
        _api.Find(WellKnown.Pods, new ObjectKey("default", pod))?["status"]?["conditions"]?.AsArray()
            .FirstOrDefault(c => c!["type"]!.GetValue<string>() == "PodScheduled");
}
