using k8s.Models;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>Claims are made and given back, and who asked is told of a refusal.</summary>
public sealed class DeviceBinderTests
{
    private readonly ManualTime _time = new();
    private readonly FakeResourceClient _api;
    private readonly DeviceBinder _binder;
    private readonly PodInfo _pod = new PodReader(new ScalarResources()).Read(new PodSketch("p").Build());
    private readonly DeviceChoice _choice;

    public DeviceBinderTests()
    {
        _api = new FakeResourceClient(_time);
        _binder = new DeviceBinder(_api, new ChangeSignals(), _time);
        var claim = DeviceWorld.Claim("c", DeviceWorld.Request("x"));
        claim.Status = new V1ResourceClaimStatus
        {
            Allocation = new V1AllocationResult { AllocationTimestamp = _time.GetUtcNow().UtcDateTime },
            ReservedFor =
                [new V1ResourceClaimConsumerReference { Resource = "pods", Name = "p", Uid = _pod.Uid }],
        };
        claim = _api.Seed(claim);
        _choice = new DeviceChoice(claim.Key(), claim.Metadata.Uid, null);
    }

    [Theory]
    [InlineData(true, StatusReasons.Forbidden)]
    [InlineData(false, null)]
    public async Task A_refusal_is_told(bool isRefused, string? expected)
    {
        _api.BeforeWrite = w => isRefused ? StatusErrors.Forbidden(w.Resource, w.Key.Name, "a policy says so") : null;
        var decision = new SchedulingDecision(_pod, "n1", null, 1) { Devices = [_choice] };
        Assert.Equal(expected, (await _binder.UnreserveAsync(decision, default))?.Reason);
        Assert.Equal(expected, (await _binder.DeallocateAsync(_pod, _choice, default))?.Reason);
    }

    [Fact]
    public async Task A_claim_for_extended_resources_is_made_given_away_and_shown()
    {
        var pod = _api.Seed(new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "x", NamespaceProperty = "default", Uid = "x" },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "main" }] },
        });
        var info = new PodReader(new ScalarResources()).Read(
            new ResourceObject(pod.Key(), pod.Metadata.Uid, 1, ResourceCodec.Encode(pod)));
        var made = ExtendedClaims.New(
            info, [new ExtendedRequest(0, 0, false, "example.com/gpu", 0, 1)], _ => "gpu");
        var choice = new DeviceChoice(made.Claim.Key(), made.Claim.Metadata.Uid, new V1AllocationResult())
        {
            Made = made,
        };
        var written = new List<ResourceObject>();
        var decision = new SchedulingDecision(info, "n1", null, 1) { Devices = [choice] };
        Assert.Null(await _binder.BindAsync(decision, written, default));
        var claim = Assert.Single(written).As<Resourcev1ResourceClaim>();
        Assert.Equal("resource.kubernetes.io/delete-protection", Assert.Single(claim.Metadata.Finalizers));
        Assert.Equal("x", Assert.Single(claim.Status.ReservedFor).Name);
        Assert.NotNull(claim.Status.Allocation);
        var read = await _api.GetAsync<V1Pod>(pod.Key(), ReadFreshness.Linearizable, default);
        var shown = read.Value!.Status.ExtendedResourceClaimStatus;
        Assert.Equal(claim.Metadata.Name, shown.ResourceClaimName);
        var mapping = Assert.Single(shown.RequestMappings);
        Assert.Equal(
            ("main", "example.com/gpu", "container-0-request-0"),
            (mapping.ContainerName, mapping.ResourceName, mapping.RequestName));
        Assert.Null(await _binder.UnreserveAsync(decision, default));
        var left = await _api.GetAsync<Resourcev1ResourceClaim>(claim.Key(), ReadFreshness.Linearizable, default);
        Assert.False(left.Succeeded);
    }

    [Fact]
    public async Task Devices_are_waited_for_as_long_as_the_profile_says()
    {
        var claim = DeviceWorld.Claim("slow", DeviceWorld.Request("x"));
        claim.Status = new V1ResourceClaimStatus
        {
            Allocation = new V1AllocationResult
            {
                AllocationTimestamp = _time.GetUtcNow().UtcDateTime,
                Devices = new V1DeviceAllocationResult
                {
                    Results = [new V1DeviceRequestAllocationResult
                    {
                        Device = "d", Driver = "a", Pool = "p", Request = "x", BindingConditions = ["ready"],
                    }],
                },
            },
            ReservedFor =
                [new V1ResourceClaimConsumerReference { Resource = "pods", Name = "p", Uid = _pod.Uid }],
        };
        claim = _api.Seed(claim);
        _api.Put(WellKnown.Pods, new PodSketch("p").Build().Json);
        var decision = new SchedulingDecision(_pod, "n1", null, 1)
        {
            Devices = [new DeviceChoice(claim.Key(), claim.Metadata.Uid, null) { IsAwaited = true }],
            DevicePatience = TimeSpan.FromSeconds(3),
        };
        var binding = _binder.BindAsync(decision, [], TestContext.Current.CancellationToken);
        await _time.ArmedAsync();
        _time.Advance(TimeSpan.FromMilliseconds(2_999));
        Assert.False(binding.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("device binding timeout", await binding);
    }

    [Fact]
    public async Task A_claim_that_is_gone_is_no_refusal()
    {
        var gone = _choice with { Claim = new ObjectKey("default", "gone") };
        Assert.Null(await _binder.DeallocateAsync(_pod, gone, default));
    }
}
