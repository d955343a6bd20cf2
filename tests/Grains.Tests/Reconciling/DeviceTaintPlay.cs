using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Taints;
using OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// Devices break one after the other; who tolerates that for a while goes later, and who always does stays.
/// </summary>
internal sealed class DeviceTaintPlay : CrashPlay
{
    private DeviceTaintEvictionController _controller = null!;

    protected override int Acts => 3;

    protected override void SetUp()
    {
        Add("a", "a0", null);
        Add("b", "a1", null);
        Add("later", "a2", new V1DeviceToleration { OperatorProperty = "Exists", TolerationSeconds = 60 });
        Add("stays", "a3", new V1DeviceToleration { OperatorProperty = "Exists" });
        World.Api.Seed(new DeviceWorld().AddSlice("s", s => (s.Pool.Name, s.NodeName, s.Devices) = ("p", "n1", [])));
        Break(("a0", "NoExecute"), ("a1", "NoSchedule"));
    }

    protected override void Change(int act)
    {
        if (act == 1)
        {
            Break(("a0", "NoExecute"), ("a1", "NoExecute"), ("a2", "NoExecute"), ("a3", "NoExecute"));
        }
        else if (act == 2)
        {
            World.Time.Advance(TimeSpan.FromSeconds(61));
        }
    }

    protected override void Step() => _controller.ResyncAsync(default).GetAwaiter().GetResult();

    protected override void StepOthers()
    {
        foreach (var pod in World.Api.All<V1Pod>().Where(static p => p.Metadata.DeletionTimestamp is not null))
        {
            World.EndPod(pod.Metadata.Name);
        }
    }

    protected override void LoseMemory() => _controller = new DeviceTaintEvictionController(World.Services);

    protected override void Check() => Assert.Null(
        World.Api.Find<V1Pod>("default", "stays")!.Metadata.DeletionTimestamp);

    private void Add(string name, string device, V1DeviceToleration? toleration)
    {
        var pod = World.AddPod(name, "n1");
        var claim = DeviceWorld.Claim(name, DeviceWorld.Request("x"));
        var result = new V1DeviceRequestAllocationResult
        {
            Request = "x", Driver = DeviceWorld.Driver, Pool = "p", Device = device,
            Tolerations = toleration is null ? null : [toleration],
        };
        claim.Status = new V1ResourceClaimStatus
        {
            Allocation =
                new V1AllocationResult { Devices = new V1DeviceAllocationResult { Results = [result] } },
            ReservedFor =
                [new V1ResourceClaimConsumerReference { Resource = "pods", Name = name, Uid = pod.Metadata.Uid }],
        };
        World.Api.Seed(claim);
    }

    private void Break(params (string Device, string Effect)[] taints)
    {
        var added = World.Time.GetUtcNow().UtcDateTime;
        World.Api.Change<V1ResourceSlice>("", "s", s => s.Spec.Devices =
        [
            .. taints.Select(t => new V1Device
            {
                Name = t.Device,
                Taints = [new V1DeviceTaint { Key = "broken", Effect = t.Effect, TimeAdded = added }],
            }),
        ]);
    }
}
