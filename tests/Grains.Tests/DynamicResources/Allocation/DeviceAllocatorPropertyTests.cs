using k8s.Models;
using OrleansOrchestrator.SeedKit;
using Xunit;
using static OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation.DeviceWorld;

namespace OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;

/// <summary>
/// The search against one that goes through all ways to give devices, in order, and judges each as a whole: both find
/// the same, or neither finds anything.
/// </summary>
public sealed class DeviceAllocatorPropertyTests
{
    private const int Cases = 400;

    [Fact]
    public void What_can_be_given_is_given()
    {
        var random = new Random(TestSeed.Current);
        var given = 0;
        for (var i = 0; i < Cases * TestSeed.Times; i++)
        {
            given += Compare(random) ? 1 : 0;
        }

        Assert.InRange(given, Cases * TestSeed.Times / 10, Cases * TestSeed.Times * 9 / 10);
    }

    private static bool Compare(Random random)
    {
        var world = new DeviceWorld();
        V1Device[] devices =
        [
            .. Enumerable.Range(0, random.Next(2, 7)).Select(i => Device(
                $"d{i}", random.Next(2) == 0 ? "a" : "b", random.Next(3) is var n and < 2 ? n : null,
                random.Next(6) == 0 ? "t" : null)),
        ];
        var half = devices.Length / 2;
        world.AddSlice("s1", "n", devices[..half]);
        world.AddSlice("s2", (string?)null, devices[half..]);
        world.Allocated.UnionWith(devices.Where(_ => random.Next(6) == 0).Select(d => d.Name));
        Resourcev1ResourceClaim[] claims =
            [.. Enumerable.Range(0, random.Next(1, 3)).Select(i => Claim($"c{i}", random))];

        var outcome = world.Allocate("n", claims);
        Assert.Null(outcome.Error);
        var found = outcome.Allocations?.Select(
            a => a.Devices.Results.Select(r => (r.Request, r.Device)).ToList()).ToList();
        Assert.Equal(new NaiveAllocation(devices, world.Allocated, claims).First(), found);
        return found is not null;
    }

    private static Resourcev1ResourceClaim Claim(string name, Random random)
    {
        V1DeviceRequest[] requests = [.. Enumerable.Range(0, random.Next(1, 3)).Select(i => Request($"r{i}", random))];
        var claim = DeviceWorld.Claim(name, requests);
        if (random.Next(2) == 0 && requests.All(r => r.Exactly?.AllocationMode != "All"))
        {
            var attribute = random.Next(2) == 0 ? "gpu.example.com/numa" : "gpu.example.com/model";
            var isSame = random.Next(3) > 0;
            claim.Spec.Devices.Constraints =
            [
                new V1DeviceConstraint
                {
                    Requests = random.Next(2) == 0 ? ["r0"] : null,
                    MatchAttribute = isSame ? attribute : null,
                    DistinctAttribute = isSame ? null : attribute,
                },
            ];
        }

        return claim;
    }

    private static V1DeviceRequest Request(string name, Random random) => random.Next(4) switch
    {
        0 => new V1DeviceRequest
        {
            Name = name,
            FirstAvailable = [Alternative("p", random.Next(1, 4), Model(random)), Alternative("q", 1, Model(random))],
        },
        1 => DeviceWorld.Request(name, expression: Model(random), all: true, tolerated: Tolerated(random)),
        _ => DeviceWorld.Request(name, random.Next(1, 3), Model(random), tolerated: Tolerated(random)),
    };

    private static string? Tolerated(Random random) => random.Next(2) == 0 ? "t" : null;

    private static string? Model(Random random) => random.Next(3) switch
    {
        0 => null,
        1 => "device.attributes['gpu.example.com'].model == 'a'",
        _ => "device.attributes['gpu.example.com'].model == 'b'",
    };
}
