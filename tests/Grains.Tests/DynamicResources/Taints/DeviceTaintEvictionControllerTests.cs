using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Taints;
using OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.DynamicResources.Taints;

/// <summary>Texts as upstream has them.</summary>
public sealed class DeviceTaintEvictionControllerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly World _world = new();

    [Fact]
    public async Task Who_uses_a_device_that_its_claim_does_not_tolerate_goes()
    {
        Seed("a", "a0");
        Seed("b", "a1");
        Taint(("a0", "NoExecute"), ("a1", "NoSchedule"));
        await new DeviceTaintEvictionController(_world.Services).ResyncAsync(default);
        var pod = _world.Api.Find<V1Pod>("default", "a")!;
        Assert.NotNull(pod.Metadata.DeletionTimestamp);
        var condition = pod.Status.Conditions.Single(c => c.Type == "DisruptionTarget");
        Assert.Equal(
            ("True", "DeletionByDeviceTaintManager", "Device Taint manager: deleting due to NoExecute taint"),
            (condition.Status, condition.Reason, condition.Message));
        Assert.Null(_world.Api.Find<V1Pod>("default", "b")!.Metadata.DeletionTimestamp);
        await _world.Events.FlushAsync(default);
        var told = Assert.Single(_world.Api.All<Corev1Event>());
        Assert.Equal(
            ("DeviceTaintManagerEviction", "Marking for deletion", "a", DeviceTaintEvictionController.Name),
            (told.Reason, told.Message, told.InvolvedObject.Name, told.Source.Component));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(30L, true)]
    [InlineData(long.MaxValue, false)]
    public async Task A_toleration_holds_as_long_as_it_says(long? seconds, bool goes)
    {
        Seed("a", "a0", new V1DeviceToleration { OperatorProperty = "Exists", TolerationSeconds = seconds });
        Taint(("a0", "NoExecute"));
        var controller = new DeviceTaintEvictionController(_world.Services);
        await controller.ResyncAsync(default);
        Assert.Null(_world.Api.Find<V1Pod>("default", "a")!.Metadata.DeletionTimestamp);
        _world.Time.Advance(TimeSpan.FromSeconds(31));
        await controller.ResyncAsync(default);
        Assert.Equal(goes, _world.Api.Find<V1Pod>("default", "a")!.Metadata.DeletionTimestamp is not null);
    }

    [Fact]
    public async Task An_eviction_that_is_called_off_is_said()
    {
        Seed("a", "a0", new V1DeviceToleration { OperatorProperty = "Exists", TolerationSeconds = 30 });
        Taint(("a0", "NoExecute"));
        var controller = new DeviceTaintEvictionController(_world.Services);
        await controller.ResyncAsync(default);
        Taint();
        await controller.ResyncAsync(default);
        await controller.ResyncAsync(default);
        await _world.Events.FlushAsync(default);
        var told = Assert.Single(_world.Api.All<Corev1Event>());
        Assert.Equal(
            ("DeviceTaintManagerEviction", "Cancelling deletion", "a"),
            (told.Reason, told.Message, told.InvolvedObject.Name));
    }

    /// <summary>As the pod's claim is reserved for it no longer, or vanished.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_has_the_claim_no_longer_is_told_once_that_it_may_stay(bool isClaimGone)
    {
        Seed("a", "a0", new V1DeviceToleration { OperatorProperty = "Exists", TolerationSeconds = 30 });
        Taint(("a0", "NoExecute"));
        var controller = new DeviceTaintEvictionController(_world.Services);
        await controller.ResyncAsync(default);
        if (isClaimGone)
        {
            _world.Api.Delete<Resourcev1ResourceClaim>("default", "a");
        }
        else
        {
            _world.Api.Change<Resourcev1ResourceClaim>(
                "default", "a", static c => c.Status.ReservedFor[0].Uid = "another", "status");
        }

        await controller.ResyncAsync(default);
        await controller.ResyncAsync(default);
        await _world.Events.FlushAsync(default);
        var told = Assert.Single(_world.Api.All<Corev1Event>());
        Assert.Equal(("Cancelling deletion", "a", 1), (told.Message, told.InvolvedObject.Name, told.Count));
    }

    /// <summary>What an older slice says while a driver replaces the slices of its pool is out of date.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task Of_a_pool_only_the_newest_slices_count(int generation, bool goes)
    {
        Seed("a", "a0");
        Taint(("a0", "NoExecute"));
        _world.Api.Change<V1ResourceSlice>("", "s", static s => s.Spec.Pool.Generation = 1);
        _world.Api.Seed(new DeviceWorld().AddSlice(
            "t", s => (s.Pool.Name, s.Pool.Generation, s.NodeName) = ("p", generation, "n1")));
        await new DeviceTaintEvictionController(_world.Services).ResyncAsync(default);
        Assert.Equal(goes, _world.Api.Find<V1Pod>("default", "a")!.Metadata.DeletionTimestamp is not null);
    }

    [Fact]
    public async Task A_taint_that_comes_is_seen()
    {
        Seed("a", "a0");
        Taint();
        using var stop = new CancellationTokenSource(Patience);
        var running = new DeviceTaintEvictionController(_world.Services).RunAsync(stop.Token);
        Taint(("a0", "NoExecute"));
        await foreach (var change in _world.Api.FollowAsync(WellKnown.Pods, stop.Token))
        {
            if (!ReferenceEquals(change, ResourceChange.Synced)
                && change.Object.As<V1Pod>().Metadata.DeletionTimestamp is not null)
            {
                break;
            }
        }

        await stop.CancelAsync();
        await running.EndedAsync();
    }

    /// <summary>A pod on a node, which uses a claim of its name that has the device.</summary>
    private void Seed(string name, string device, V1DeviceToleration? toleration = null)
    {
        var pod = _world.AddPod(name, "n1");
        var claim = DeviceWorld.Claim(name, DeviceWorld.Request("x"));
        claim.Status = new V1ResourceClaimStatus
        {
            Allocation = new V1AllocationResult
            {
                Devices = new V1DeviceAllocationResult
                {
                    Results =
                    [
                        new V1DeviceRequestAllocationResult
                        {
                            Request = "x", Driver = DeviceWorld.Driver, Pool = "p", Device = device,
                            Tolerations = toleration is null ? null : [toleration],
                        },
                    ],
                },
            },
            ReservedFor =
                [new V1ResourceClaimConsumerReference { Resource = "pods", Name = name, Uid = pod.Metadata.Uid }],
        };
        _world.Api.Seed(claim);
    }

    /// <summary>The slice of the pool, with these taints.</summary>
    private void Taint(params (string Device, string Effect)[] taints)
    {
        var added = _world.Time.GetUtcNow().UtcDateTime;
        V1Device[] devices =
        [
            .. taints.Select(t => new V1Device
            {
                Name = t.Device,
                Taints = [new V1DeviceTaint { Key = "broken", Effect = t.Effect, TimeAdded = added }],
            }),
        ];
        if (_world.Api.Find<V1ResourceSlice>("", "s") is not null)
        {
            _world.Api.Change<V1ResourceSlice>("", "s", s => s.Spec.Devices = devices);
            return;
        }

        _world.Api.Seed(new DeviceWorld().AddSlice(
            "s", s => (s.Pool.Name, s.NodeName, s.Devices) = ("p", "n1", devices)));
    }
}
