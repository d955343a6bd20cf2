using k8s.Models;
using Xunit;
using static OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation.DeviceWorld;

namespace OrleansOrchestrator.Grains.Tests.DynamicResources.Allocation;

public sealed class DeviceAllocatorTests
{
    private const string ModelB = "device.attributes['gpu.example.com'].model == 'b'";

    private readonly DeviceWorld _world = new();

    public DeviceAllocatorTests() =>
        _world.AddSlice("n1", "n1", Device("d0", "a", 0), Device("d1", "b", 1), Device("d2", "b", 2, taint: "broken"));

    [Fact]
    public void Devices_are_given_in_their_order_and_each_once()
    {
        Assert.Equal("x=d0;y=d1", _world.Given("n1", Claim("c", Request("x")), Claim("d", Request("y"))));
        Assert.Equal("x=d0,x=d1", _world.Given("n1", Claim("c", Request("x", count: 2))));
        Assert.Equal("none", _world.Given("n1", Claim("c", Request("x", count: 3))));
        Assert.Equal("none", _world.Given("n2", Claim("c", Request("x"))));
        _world.Allocated.Add("d0");
        Assert.Equal("x=d1", _world.Given("n1", Claim("c", Request("x"))));
    }

    [Fact]
    public void Devices_that_must_be_prepared_are_given_when_there_are_no_others()
    {
        var awaited = Device("first");
        awaited.BindingConditions = ["ready"];
        _world.AddSlice("a", "n2", awaited, Device("beside"));
        _world.AddSlice("b", "n2", Device("last"));
        Assert.Equal("x=last", _world.Given("n2", Claim("c", Request("x"))));
        Assert.Equal("x=last,x=first", _world.Given("n2", Claim("c", Request("x", count: 2))));
        _world.AddSlice("a", "n2", Device("first"), Device("beside"));
        Assert.Equal("x=first", _world.Given("n2", Claim("c", Request("x"))));
    }

    [Fact]
    public void A_taint_must_be_tolerated()
    {
        Assert.Equal("x=d1", _world.Given("n1", Claim("c", Request("x", expression: ModelB))));
        Assert.Equal(
            "x=d1,x=d2", _world.Given("n1", Claim("c", Request("x", 2, ModelB, tolerated: "broken"))));
        Assert.Equal("none", _world.Given("n1", Claim("c", Request("x", 2, ModelB, tolerated: "other"))));
        Assert.Equal(
            "broken",
            _world.Allocate("n1", Claim("c", Request("x", 2, ModelB, tolerated: "broken")))
                .Allocations![0].Devices.Results[0].Tolerations[0].Key);
    }

    [Fact]
    public void All_devices_are_all_or_none_and_at_least_one()
    {
        Assert.Equal(
            "x=d1,x=d2",
            _world.Given("n1", Claim("c", Request("x", expression: ModelB, all: true, tolerated: "broken"))));
        Assert.Equal("none", _world.Given("n1", Claim("c", Request("x", expression: ModelB, all: true))));
        Assert.Equal("none", _world.Given("n1", Claim("c", Request("x", expression: "false", all: true))));
        _world.AddSlice("part", s => (s.AllNodes, s.Pool.ResourceSliceCount) = (true, 2));
        Assert.Equal(
            "claim default/c, request x: asks for all devices, but resource pool gpu.example.com/part is currently " +
            "being updated",
            _world.Given("n1", Claim("c", Request("x", all: true))));
    }

    [Fact]
    public void Who_administers_a_device_takes_it_from_nobody()
    {
        _world.Allocated.UnionWith(["d0", "d1", "d2"]);
        var outcome = _world.Allocate(
            "n1", Claim("c", Request("x", admin: true)), Claim("d", Request("x", admin: true)));
        Assert.All(
            outcome.Allocations!,
            a => Assert.Equal((true, "d0"), (a.Devices.Results[0].AdminAccess, a.Devices.Results[0].Device)));
        Assert.Equal("none", _world.Given("n1", Claim("c", Request("x"))));
    }

    [Fact]
    public void The_first_alternative_that_can_be_had_is_taken()
    {
        var request = new V1DeviceRequest
        {
            Name = "x", FirstAvailable = [Alternative("many", 9), Alternative("b", 1, ModelB), Alternative("any", 1)],
        };
        Assert.Equal("x/b=d1", _world.Given("n1", Claim("c", request)));
        Assert.Equal("y=d1,x/any=d0", _world.Given("n1", Claim("c", Request("y", expression: ModelB), request)));
    }

    [Fact]
    public void Attributes_are_the_same_or_all_different_where_that_is_asked_for()
    {
        _world.AddSlice(
            "n2", "n2", Device("e0", "a", 1), Device("e1", "b", 2), Device("e2", "c", 1), Device("e3", "d"));
        var claim = Claim("c", Request("x", count: 2));
        claim.Spec.Devices.Constraints = [new V1DeviceConstraint { MatchAttribute = "gpu.example.com/numa" }];
        Assert.Equal("x=e0,x=e2", _world.Given("n2", claim));
        claim.Spec.Devices.Constraints = [new V1DeviceConstraint { DistinctAttribute = "gpu.example.com/numa" }];
        Assert.Equal("x=e0,x=e1", _world.Given("n2", claim));
        claim = Claim("c", Request("x", count: 3));
        claim.Spec.Devices.Constraints =
            [new V1DeviceConstraint { Requests = ["y"], MatchAttribute = "gpu.example.com/numa" }];
        Assert.Equal("x=e0,x=e1,x=e2", _world.Given("n2", claim));
        claim.Spec.Devices.Constraints = [new V1DeviceConstraint { MatchAttribute = "else.example.com/numa" }];
        Assert.Equal("none", _world.Given("n2", claim));
        claim = Claim("c", Request("x", all: true));
        claim.Spec.Devices.Constraints = [new V1DeviceConstraint { MatchAttribute = "gpu.example.com/model" }];
        Assert.Equal(
            "claim default/c, request x: cannot add device gpu.example.com/n2/e1 because a claim constraint would " +
            "not be satisfied",
            _world.Given("n2", claim));
    }

    /// <summary>A generation replaces the one before it, also where it has nothing any more.</summary>
    [Fact]
    public void Only_the_newest_generation_of_a_complete_pool_counts()
    {
        _world.AddSlice("new", s => (s.NodeName, s.Pool.Name, s.Pool.Generation) = ("n2", "n1", 2));
        Assert.Equal("none", _world.Given("n1", Claim("c", Request("x"))));
        _world.Slices.Remove("new");
        Assert.Equal("x=d0", _world.Given("n1", Claim("c", Request("x"))));
        _world.AddSlice("twice", "n1", Device("e"), Device("e"));
        _world.Allocated.UnionWith(["d0", "d1"]);
        Assert.Equal("invalid resource pools were encountered", _world.Given("n1", Claim("c", Request("x"))));
    }

    [Fact]
    public void Counters_bound_what_devices_share()
    {
        _world.AddSlice("parts", s =>
        {
            s.NodeName = "n3";
            s.SharedCounters =
            [
                new V1CounterSet
                {
                    Name = "gpu", Counters = new Dictionary<string, V1Counter> { ["memory"] = Counter("40Gi") },
                },
            ];
            s.Devices = [Part("half0", "20Gi"), Part("whole", "40Gi"), Part("half1", "20Gi"), Part("half2", "20Gi")];
        });
        Assert.Equal("x=half0,x=half1", _world.Given("n3", Claim("c", Request("x", count: 2))));
        Assert.Equal("none", _world.Given("n3", Claim("c", Request("x", count: 3))));
        _world.Allocated.Add("half2");
        Assert.Equal("none", _world.Given("n3", Claim("c", Request("x", count: 2))));
        Assert.Equal("x=half0", _world.Given("n3", Claim("c", Request("x"))));
        _world.Allocated.Add("half1");
        Assert.Equal("none", _world.Given("n3", Claim("c", Request("x"))));

        static V1Counter Counter(string value) => new() { Value = new ResourceQuantity(value) };
        static V1Device Part(string name, string memory)
        {
            var device = Device(name);
            device.ConsumesCounters =
            [
                new V1DeviceCounterConsumption
                {
                    CounterSet = "gpu", Counters = new Dictionary<string, V1Counter> { ["memory"] = Counter(memory) },
                },
            ];
            return device;
        }
    }

    [Fact]
    public void The_allocation_says_from_where_its_devices_are_reached()
    {
        Assert.Equal(
            ("metadata.name", "n1"),
            Field(_world.Allocate("n1", Claim("c", Request("x"))).Allocations![0].NodeSelector));
        _world.AddSlice("all", (string?)null, Device("e"));
        Assert.Null(_world.Allocate("n9", Claim("c", Request("x"))).Allocations![0].NodeSelector);
        _world.Slices.Remove("all");
        var rack = new V1NodeSelectorRequirement { Key = "rack", OperatorProperty = "In", Values = ["n7", "n8"] };
        _world.AddSlice("rack", s =>
        {
            s.NodeSelector = new V1NodeSelector
            {
                NodeSelectorTerms = [new V1NodeSelectorTerm { MatchExpressions = [rack] }],
            };
            s.Devices = [Device("r0"), Device("r1")];
        });
        var selector = _world.Allocate("n8", Claim("c", Request("x", count: 2))).Allocations![0].NodeSelector;
        Assert.Same(rack, Assert.Single(Assert.Single(selector.NodeSelectorTerms).MatchExpressions));
        _world.AddSlice("each", s =>
        {
            s.PerDeviceNodeSelection = true;
            s.Devices = [Device("p0"), Device("p1")];
            (s.Devices[0].NodeName, s.Devices[1].NodeName) = ("n4", "n5");
        });
        Assert.Equal("x=p1", _world.Given("n5", Claim("c", Request("x"))));

        static (string, string) Field(V1NodeSelector selector)
        {
            var field = Assert.Single(Assert.Single(selector.NodeSelectorTerms).MatchFields);
            return (field.Key, Assert.Single(field.Values));
        }
    }

    [Fact]
    public void Configurations_of_class_and_claim_go_with_the_devices()
    {
        _world.Class("gpu").Spec.Config = [new V1DeviceClassConfiguration { Opaque = Opaque("class") }];
        var claim = Claim("c", Request("x"), Request("y"));
        claim.Spec.Devices.Config =
        [
            new V1DeviceClaimConfiguration { Opaque = Opaque("everyone") },
            new V1DeviceClaimConfiguration { Opaque = Opaque("y's"), Requests = ["y"] },
            new V1DeviceClaimConfiguration { Opaque = Opaque("nobody's"), Requests = ["z"] },
        ];
        Assert.Equal(
            ["FromClass class ", "FromClaim everyone ", "FromClaim y's y"],
            _world.Allocate("n1", claim).Allocations![0].Devices.Config.Select(
                c => $"{c.Source} {c.Opaque.Driver} {string.Join(',', c.Requests ?? [])}"));

        static V1OpaqueDeviceConfiguration Opaque(string driver) => new() { Driver = driver };
    }

    [Fact]
    public void What_no_node_can_help_is_an_error_in_upstreams_words()
    {
        Assert.Equal(
            "claim default/c: selector #0 on device gpu.example.com/n1/d0: CEL runtime error: no such key: none. " +
            "Consider using CEL optional chaining (?), has() macro, or orValue() for optional fields",
            _world.Given("n1", Claim("c", Request("x", expression: "device.attributes['gpu.example.com'].none == 1"))));
        Assert.StartsWith(
            "class bad: selector #0: CEL compile error: compilation failed: ERROR: <input>:1:1",
            With("bad", "nothing"),
            StringComparison.Ordinal);
        Assert.Equal(
            "claim default/c: number of requested devices 33 exceeds the claim limit of 32",
            _world.Given("n1", Claim("c", Request("x", count: 33))));
        Assert.Equal(
            "claim default/c, request x: could not retrieve device class none: deviceclass.resource.k8s.io \"none\" " +
            "not found",
            _world.Given("n1", Claim("c", Request("x", ofClass: "none"))));

        string With(string name, string expression)
        {
            _world.AddClass(name, expression);
            return _world.Given("n1", Claim("c", Request("x", ofClass: name)));
        }
    }

    /// <summary>Thousands of ways to fail are given up on, not gone through.</summary>
    [Fact]
    public void A_hopeless_search_ends()
    {
        _world.AddSlice("big", "n6", [.. Enumerable.Range(0, 128).Select(i => Device($"b{i}", "a", i % 31))]);
        var claim = Claim("c", Request("x", count: 16), Request("y", count: 16));
        claim.Spec.Devices.Constraints = [new V1DeviceConstraint { DistinctAttribute = "gpu.example.com/numa" }];
        Assert.Equal("timed out trying to allocate devices", _world.Given("n6", claim));
    }

    [Fact]
    public void A_search_ends_when_its_time_is_up()
    {
        var looks = 0;
        _world.AddSlice("big", "n6", [.. Enumerable.Range(0, 128).Select(i => Device($"b{i}", "a", i % 31))]);
        var claim = Claim("c", Request("x", count: 16), Request("y", count: 16));
        claim.Spec.Devices.Constraints = [new V1DeviceConstraint { DistinctAttribute = "gpu.example.com/numa" }];
        _world.IsLate = () => ++looks == 3;
        Assert.Equal("timed out trying to allocate devices", _world.Given("n6", claim));
        Assert.Equal(3, looks);
        _world.IsLate = static () => false;
        Assert.Equal("x=b0", _world.Given("n6", Claim("d", Request("x"))));
    }
}
