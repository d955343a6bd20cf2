using k8s.Models;
using OrleansOrchestrator.Grains.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

public sealed class DevicePreparationTests
{
    [Theory]
    [InlineData("", false, null)]
    [InlineData("d0 attached=True", false, null)]
    [InlineData("d0 attached=True ready=False", false, null)]
    [InlineData("d0 attached=True ready=True", true, null)]
    [InlineData("d1 attached=True ready=True", false, null)]
    [InlineData("d0 attached=True ready=True broken=False", true, null)]
    [InlineData("d0 attached=True ready=True broken=True", false, "claim c binding failed: reason=R, message=\"m\"")]
    public void All_conditions_and_no_failure(string shown, bool isDone, string? failure)
    {
        var claim = NewClaim();
        var words = shown.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        claim.Status.Devices = words.Length == 0 ? null :
        [
            new V1AllocatedDeviceStatus
            {
                Driver = "gpu.example.com",
                Pool = "p",
                Device = words[0],
                Conditions = [.. words[1..].Select(w => w.Split('=')).Select(w => new V1Condition
                {
                    Type = w[0], Status = w[1], Reason = "R", Message = "m",
                })],
            },
        ];
        Assert.Equal((isDone, failure), DevicePreparation.Of(claim));
    }

    [Fact]
    public void What_nobody_waits_for_is_prepared_and_never_late()
    {
        var claim = NewClaim();
        claim.Status.Allocation.Devices.Results[0].BindingConditions = null;
        Assert.Equal((true, null), DevicePreparation.Of(claim));
        Assert.False(DevicePreparation.IsOverdue(claim, DateTimeOffset.MaxValue));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void After_ten_minutes_it_is_late(int seconds, bool isLate)
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 10, seconds, TimeSpan.Zero);
        Assert.Equal(isLate, DevicePreparation.IsOverdue(NewClaim(), now - BindingWait.Patience));
    }

    private static Resourcev1ResourceClaim NewClaim() => new()
    {
        Metadata = new V1ObjectMeta { Name = "c" },
        Status = new V1ResourceClaimStatus
        {
            Allocation = new V1AllocationResult
            {
                AllocationTimestamp = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc),
                Devices = new V1DeviceAllocationResult
                {
                    Results =
                    [
                        new V1DeviceRequestAllocationResult
                        {
                            Request = "x",
                            Driver = "gpu.example.com",
                            Pool = "p",
                            Device = "d0",
                            BindingConditions = ["attached", "ready"],
                            BindingFailureConditions = ["broken"],
                        },
                    ],
                },
            },
        },
    };
}
