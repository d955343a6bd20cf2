using k8s.Models;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

/// <summary>A refusal to give devices back is told to who asked.</summary>
public sealed class DeviceBinderTests
{
    private readonly FakeResourceClient _api;
    private readonly DeviceBinder _binder;
    private readonly PodInfo _pod = new PodReader(new ScalarResources()).Read(new PodSketch("p").Build());
    private readonly DeviceChoice _choice;

    public DeviceBinderTests()
    {
        var time = new ManualTime();
        _api = new FakeResourceClient(time);
        _binder = new DeviceBinder(_api, time);
        var claim = DeviceWorld.Claim("c", DeviceWorld.Request("x"));
        claim.Status = new V1ResourceClaimStatus
        {
            Allocation = new V1AllocationResult { AllocationTimestamp = time.GetUtcNow().UtcDateTime },
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
    public async Task A_claim_that_is_gone_is_no_refusal()
    {
        var gone = _choice with { Claim = new ObjectKey("default", "gone") };
        Assert.Null(await _binder.DeallocateAsync(_pod, gone, default));
    }
}
