using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Core.PodCollection;
using OrleansOrchestrator.Grains.DynamicResources.Taints;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// Controllers whose caches are behind: before a pod goes for good, they look at the source. In each row pod <c>a</c>
/// must go by what caches have; by what has happened since, it may stay.
/// </summary>
public sealed class StaleViewTests
{
    private static readonly V1Taint OutOfService =
        new() { Key = "node.kubernetes.io/out-of-service", Effect = "NoExecute" };

    /// <summary>Makes the world; says what mends it, and what makes the controller look.</summary>
    private static readonly Dictionary<string, Func<World, Task<(Action Mend, Func<Task> Look)>>> Rows =
        new(StringComparer.Ordinal)
        {
            ["its node is out of service"] = static world =>
            {
                world.AddNode("n1");
                world.AddPod("a", "n1");
                world.Api.Change<V1Node>("", "n1", static n => n.Spec.Taints = [OutOfService]);
                world.Api.Change<V1Node>(
                    "", "n1",
                    static n => n.Status.Conditions = [new V1NodeCondition { Type = "Ready", Status = "Unknown" }],
                    "status");
                world.Api.Delete<V1Pod>("default", "a");
                var controller = new PodCollectionController(world.Services);
                return Row(
                    () => world.Api.Change<V1Node>("", "n1", static n => n.Spec.Taints = null),
                    () => controller.ResyncAsync(default));
            },
            ["its node is gone"] = static async world =>
            {
                world.AddPod("a", "n1");
                var controller = new PodCollectionController(world.Services);
                await controller.ResyncAsync(default);
                world.Time.Advance(PodCollectionController.Quarantine);
                return await Row(() => world.AddNode("n1"), () => controller.ResyncAsync(default));
            },
            ["its node has a taint"] = static world =>
            {
                world.AddNode("n1");
                world.AddPod("a", "n1");
                world.Api.Change<V1Node>(
                    "", "n1", static n => n.Spec.Taints = [new V1Taint { Key = "k", Effect = "NoExecute" }]);
                var controller = new TaintEvictionController(world.Services);
                return Row(
                    () => world.Api.Change<V1Node>("", "n1", static n => n.Spec.Taints = null),
                    () => controller.ResyncAsync(default));
            },
            ["its device has a taint"] = static world =>
            {
                SeedDevice(world);
                var controller = new DeviceTaintEvictionController(world.Services);
                return Row(
                    () => world.Api.Change<V1ResourceSlice>("", "s", static s => s.Spec.Devices[0].Taints = null),
                    () => controller.ResyncAsync(default));
            },
            ["its claim has a tainted device"] = static world =>
            {
                SeedDevice(world);
                var controller = new DeviceTaintEvictionController(world.Services);
                return Row(
                    () => world.Api.Change<Resourcev1ResourceClaim>(
                        "default", "a", static c => c.Status.ReservedFor = null, "status"),
                    () => controller.ResyncAsync(default));
            },
            ["its owner is gone"] = static world =>
            {
                // Uids are counted: the next one is the owner's.
                var number = int.Parse(
                    world.AddPod("a", "n1").Metadata.Uid["uid-".Length..], CultureInfo.InvariantCulture);
                world.Api.Change<V1Pod>("default", "a", p => p.Metadata.OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = "v1", Kind = "ConfigMap", Name = "owner",
                        Uid = string.Create(CultureInfo.InvariantCulture, $"uid-{number + 1}"),
                    },
                ]);
                var collector = new GarbageCollector(world.Services);
                return Row(
                    () => world.Api.Seed(new V1ConfigMap
                    {
                        Metadata = new V1ObjectMeta { Name = "owner", NamespaceProperty = "default" },
                    }),
                    async () =>
                    {
                        await collector.ResyncAsync(default);
                        await collector.DrainAsync(default);
                    });
            },
        };

    public static TheoryData<string> All => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Nobody_goes_for_what_is_over(string row)
    {
        foreach (var isOver in (bool[])[false, true])
        {
            var world = new World();
            var (mend, look) = await Rows[row](world);
            world.Api.HoldView();
            if (isOver)
            {
                mend();
            }

            var before = world.Api.Find<V1Pod>("default", "a")!.Metadata.ResourceVersion;
            await look();
            var isAsItWas = world.Api.Find<V1Pod>("default", "a")?.Metadata.ResourceVersion == before;
            Assert.True(isAsItWas == isOver, $"{row}, {(isOver ? "which is over" : "which is so")}");
        }
    }

    private static Task<(Action Mend, Func<Task> Look)> Row(Action mend, Func<Task> look) =>
        Task.FromResult((mend, look));

    /// <summary>The pod's claim has a device that throws its users out.</summary>
    private static void SeedDevice(World world)
    {
        var pod = world.AddPod("a", "n1");
        var claim = DeviceWorld.Claim("a", DeviceWorld.Request("x"));
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
                            Request = "x", Driver = DeviceWorld.Driver, Pool = "p", Device = "d",
                        },
                    ],
                },
            },
            ReservedFor =
                [new V1ResourceClaimConsumerReference { Resource = "pods", Name = "a", Uid = pod.Metadata.Uid }],
        };
        world.Api.Seed(claim);
        var taint = new V1DeviceTaint
        {
            Key = "broken", Effect = "NoExecute", TimeAdded = world.Time.GetUtcNow().UtcDateTime,
        };
        world.Api.Seed(new DeviceWorld().AddSlice("s", s => (s.Pool.Name, s.NodeName, s.Devices) =
            ("p", "n1", [new V1Device { Name = "d", Taints = [taint] }])));
    }
}
