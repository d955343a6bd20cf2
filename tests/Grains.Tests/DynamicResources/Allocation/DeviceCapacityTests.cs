using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;
using static OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation.DeviceWorld;

namespace OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;

/// <summary>Devices of which several claims may have parts.</summary>
public sealed class DeviceCapacityTests
{
    private const int Cases = 300;

    private static readonly Dictionary<string, V1Counter> One =
        new() { ["slices"] = new() { Value = new ResourceQuantity("1") } };

    private readonly DeviceWorld _world = new();

    [Theory]
    [InlineData(null, null, "10Gi")]
    [InlineData(null, "3Gi", "3Gi")]
    [InlineData("default=2Gi", null, "2Gi")]
    [InlineData("default=2Gi", "3Gi", "3Gi")]
    [InlineData("default=2Gi,min=1Gi", "512Mi", "1Gi")]
    [InlineData("default=2Gi,min=1Gi", "3Gi", "3Gi")]
    [InlineData("default=2Gi,min=1Gi,max=4Gi", "5Gi", null)]
    [InlineData("default=2Gi,min=1Gi,step=2Gi", "4Gi", "5Gi")]
    [InlineData("default=2Gi,min=1Gi,step=2Gi", "3Gi", "3Gi")]
    [InlineData("default=2Gi,min=1Gi,step=2Gi", null, "2Gi")]
    [InlineData("default=2Gi,values=2Gi;8Gi", "1Gi", "2Gi")]
    [InlineData("default=2Gi,values=2Gi;8Gi", "3Gi", "8Gi")]
    [InlineData("default=2Gi,values=2Gi;8Gi", "9Gi", null)]
    [InlineData(null, "11Gi", null)]
    public void What_is_asked_for_is_rounded_up_to_what_is_given(string? policy, string? asked, string? given)
    {
        _world.AddSlice("s", "n", Shared("d", "10Gi", Policy(policy)));
        var result = _world.Allocate("n", Claim("c", Memory("x", asked))).Allocations?[0].Devices.Results[0];
        Assert.Equal(given, result?.ConsumedCapacity["memory"].ToString());
    }

    [Fact]
    public void Each_part_has_a_name_of_its_own_and_a_device_that_is_not_shared_none()
    {
        _world.AddSlice("s", "n", Shared("d", "10Gi"), Whole("e", "4Gi"));
        Resourcev1ResourceClaim[] claims =
            [Claim("a", Memory("x", "4Gi")), Claim("b", Memory("x", "6Gi")), Claim("c", Memory("x", "1Gi"))];
        var given = _world.Allocate("n", claims).Allocations!.Select(a => a.Devices.Results[0]).ToList();
        Assert.Equal(["d", "d", "e"], given.Select(g => g.Device));
        Assert.Equal(2, given.Select(g => g.ShareID).OfType<string>().Distinct().Count());
        Assert.Null(given[2].ConsumedCapacity);
        Assert.Equal("none", _world.Given("n", [.. claims, Claim("d", Memory("x", "4Gi"))]));
    }

    [Fact]
    public void What_others_have_is_left_to_them()
    {
        _world.AddSlice("s", "n", Shared("d", "10Gi"));
        _world.Parts["d"] = new Dictionary<string, Quantity> { ["memory"] = Quantity.Parse("7Gi") };
        Assert.Equal("none", _world.Given("n", Claim("c", Memory("x", "4Gi"))));
        Assert.Equal("x=d", _world.Given("n", Claim("c", Memory("x", "3Gi"))));
        Assert.Equal("none", _world.Given("n", Claim("c", Memory("x", null))));
    }

    [Fact]
    public void A_capacity_that_a_device_has_not_is_not_to_be_had_of_it()
    {
        _world.AddSlice("s", "n", Device("plain"), Whole("small", "1Gi"), Whole("large", "8Gi"));
        Assert.Equal("x=large", _world.Given("n", Claim("c", Memory("x", "2Gi"))));
        var all = Memory("x", "1Gi");
        (all.Exactly.AllocationMode, all.Exactly.Count) = ("All", null);
        Assert.Equal("x=small,x=large", _world.Given("n", Claim("c", all)));
    }

    [Fact]
    public void Counters_are_used_by_the_first_part_only()
    {
        V1Device first = Shared("d", "10Gi"), second = Shared("e", "10Gi");
        first.ConsumesCounters = second.ConsumesCounters =
        [
            new V1DeviceCounterConsumption
            {
                CounterSet = "gpu",
                Counters = One,
            },
        ];
        _world.AddSlice("s", s => (s.NodeName, s.Devices, s.Pool.ResourceSliceCount) = ("n", [first, second], 2));
        _world.AddSlice("t", s =>
        {
            (s.NodeName, s.Pool.Name, s.Pool.ResourceSliceCount) = ("n", "s", 2);
            s.SharedCounters =
            [
                new V1CounterSet
                {
                    Name = "gpu",
                    Counters = One,
                },
            ];
        });
        Assert.Equal("x=d;x=d", _world.Given("n", Claim("a", Memory("x", "4Gi")), Claim("b", Memory("x", "6Gi"))));
        Assert.Equal("none", _world.Given("n", Claim("a", Memory("x", "4Gi")), Claim("b", Memory("x", "7Gi"))));
    }

    [Fact]
    public void The_result_says_what_is_to_be_waited_for_and_where()
    {
        var device = Device("d");
        device.BindsToNode = true;
        (device.BindingConditions, device.BindingFailureConditions) = (["ready"], ["broken"]);
        _world.AddSlice("s", (string?)null, device);
        var allocation = _world.Allocate("n", Claim("c", Request("x"))).Allocations!.Single();
        var result = allocation.Devices.Results.Single();
        Assert.Equal(["ready"], result.BindingConditions);
        Assert.Equal(["broken"], result.BindingFailureConditions);
        Assert.Equal("n", allocation.NodeSelector.NodeSelectorTerms.Single().MatchFields.Single().Values.Single());
    }

    /// <summary>The first way, in order of devices, in which no device gives more than it has.</summary>
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
        var devices = Enumerable.Range(0, random.Next(1, 4)).Select(i => (
            Name: $"d{i}", Memory: random.Next(1, 8), IsShared: random.Next(3) > 0, Used: random.Next(3))).ToList();
        world.AddSlice("s", "n", [.. devices.Select(d =>
            d.IsShared ? Shared(d.Name, $"{d.Memory}Gi") : Whole(d.Name, $"{d.Memory}Gi"))]);
        foreach (var (name, _, _, used) in devices.Where(d => d.IsShared && d.Used > 0))
        {
            world.Parts[name] = new Dictionary<string, Quantity> { ["memory"] = Quantity.Parse($"{used}Gi") };
        }

        int?[] asked =
            [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(5) is var n and > 0 ? n : (int?)null)];
        var outcome = world.Allocate(
            "n", [.. asked.Select((a, i) => Claim($"c{i}", Memory("x", a is null ? null : $"{a}Gi")))]);
        Assert.Null(outcome.Error);
        var expected = Ways(asked.Length, devices.Count).FirstOrDefault(w => IsRight(w.ToList()));
        Assert.Equal(
            expected?.Select(d => devices[d].Name),
            outcome.Allocations?.Select(a => a.Devices.Results.Single().Device));
        return expected is not null;

        bool IsRight(List<int> way) => devices
            .Select((d, i) => (Device: d, Asked: asked.Where((_, c) => way[c] == i).ToList()))
            .All(d => d.Asked.Count == 0 || (d.Device.IsShared
                ? d.Asked.Sum(a => a ?? d.Device.Memory) + d.Device.Used <= d.Device.Memory
                : d.Asked is [var one] && (one ?? 0) <= d.Device.Memory));
    }

    private static IEnumerable<IEnumerable<int>> Ways(int places, int choices) => places == 0
        ? [[]]
        : Enumerable.Range(0, choices).SelectMany(c => Ways(places - 1, choices).Select(w => w.Prepend(c)));

    private static V1Device Whole(string name, string memory)
    {
        var device = Shared(name, memory);
        device.AllowMultipleAllocations = null;
        return device;
    }

    private static V1CapacityRequestPolicy? Policy(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var parts = text.Split(',').Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]);
        return new V1CapacityRequestPolicy
        {
            DefaultProperty = Of("default"),
            ValidRange = parts.ContainsKey("min")
                ? new V1CapacityRequestPolicyRange { Min = Of("min"), Max = Of("max"), Step = Of("step") }
                : null,
            ValidValues = parts.TryGetValue("values", out var values)
                ? [.. values.Split(';').Select(v => new ResourceQuantity(v))]
                : null,
        };

        ResourceQuantity? Of(string name) =>
            parts.TryGetValue(name, out var value) ? new ResourceQuantity(value) : null;
    }
}
