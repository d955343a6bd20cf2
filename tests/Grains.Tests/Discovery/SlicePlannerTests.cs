using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Discovery;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Discovery;

public sealed class SlicePlannerTests
{
    private static readonly SliceShape Shape = new(
        "default",
        new ChildNames("web", "uid-1"),
        new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" },
        new V1OwnerReference { Uid = "uid-1", Kind = "Service", Name = "web" });

    /// <summary>
    /// Held against a set: after any sequence of wishes, the slices together hold exactly the wanted endpoints, each
    /// once, none over the limit; a plan that was carried out leaves nothing to do; and an endpoint that stays is not
    /// written again elsewhere.
    /// </summary>
    [Fact]
    public void Slices_hold_what_is_wanted() => Gen.Select(
        Gen.Int[0, 400].HashSet[0, 350], Gen.Int[0, 400].HashSet[0, 350], Gen.Int[0, 400].HashSet[0, 350]).Check((a, b, c) =>
    {
        var slices = new List<V1EndpointSlice>();
        foreach (var wanted in new[] { a, b, c })
        {
            var groups = new[] { Group(wanted) };
            slices = Apply(slices, SlicePlanner.Compute(Shape, groups, slices));
            var held = slices.SelectMany(s => s.Endpoints ?? []).Select(e => e.Addresses[0]).ToList();
            Assert.Equal(wanted.Select(Address).Order(StringComparer.Ordinal), held.Order(StringComparer.Ordinal));
            Assert.All(slices, s => Assert.True((s.Endpoints?.Count ?? 0) <= SlicePlanner.MaxEndpoints));
            Assert.Equal(slices.Count, slices.Select(s => s.Metadata.Name).Distinct().Count());
            var again = SlicePlanner.Compute(Shape, groups, slices);
            Assert.Empty(again.Create);
            Assert.Empty(again.Update);
            Assert.Empty(again.Delete);
        }
    }, cases: 60);

    [Fact]
    public void One_change_is_one_write()
    {
        var slices = Apply([], SlicePlanner.Compute(Shape, [Group(Enumerable.Range(0, 250))], []));
        var plan = SlicePlanner.Compute(Shape, [Group(Enumerable.Range(0, 250).Where(i => i != 120))], slices);
        Assert.Single(plan.Update);
        Assert.Empty(plan.Create);
        Assert.Empty(plan.Delete);
    }

    /// <summary>
    /// Upstream's <c>TestReconcileEndpointSlicesSomePreexisting</c>, its <c>WorseAllocation</c>, <c>UpdatePacking</c>
    /// and what follows from its steps for slices that lose all endpoints.
    /// </summary>
    [Theory]
    [InlineData("62,61", "", 127, "100,89,61", 1, 1, 0)]
    [InlineData("74,74", "", 152, "100,74,74,52", 2, 0, 0)]
    [InlineData("80,20", "0,80", 15, "95,20", 0, 2, 0)]
    [InlineData("20,80", "0,20", 15, "95,20", 0, 2, 0)]
    [InlineData("50,50", "", 100, "100,50,50", 1, 0, 0)]
    [InlineData("80,20", "", 20, "100,20", 0, 1, 0)]
    public void Further_endpoints_go_where_they_cost_least(
        string before, string changed, int more, string after, int creates, int updates, int deletes)
    {
        var slices = new List<V1EndpointSlice>();
        var pods = new List<V1Endpoint>();
        foreach (var size in before.Split(',').Select(int.Parse))
        {
            var own = Group(Enumerable.Range(pods.Count, size));
            pods.AddRange(own.Endpoints);
            var made = Assert.Single(SlicePlanner.Compute(Shape, [own], []).Create);
            made.Metadata.Name = $"web-{slices.Count}";
            slices.Add(made);
        }

        foreach (var index in changed.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse))
        {
            pods[index] = new V1Endpoint
            {
                Addresses = pods[index].Addresses, TargetRef = pods[index].TargetRef,
                Conditions = new V1EndpointConditions { Ready = false },
            };
        }

        pods.AddRange(Group(Enumerable.Range(pods.Count, more)).Endpoints);
        var plan = SlicePlanner.Compute(Shape, [Group([]) with { Endpoints = pods }], slices);
        Assert.Equal((creates, updates, deletes), (plan.Create.Count, plan.Update.Count, plan.Delete.Count));
        Assert.Equal(after, string.Join(',', Apply(slices, plan).Select(s => s.Endpoints.Count).OrderDescending()));
    }

    [Fact]
    public void An_emptied_slice_goes_when_another_has_room()
    {
        var slices = Apply([], SlicePlanner.Compute(Shape, [Group(Enumerable.Range(0, 50))], []));
        var emptied = Assert.Single(SlicePlanner.Compute(Shape, [Group(Enumerable.Range(50, 10))], []).Create);
        emptied.Metadata.Name = "web-other";
        slices.Add(emptied);
        var wanted = Group(Enumerable.Range(0, 50).Concat(Enumerable.Range(60, 10)));
        var plan = SlicePlanner.Compute(Shape, [wanted], slices);
        Assert.Equal("web-other", Assert.Single(plan.Delete).Metadata.Name);
        Assert.Equal(60, Assert.Single(plan.Update).Endpoints.Count);
        Assert.Empty(plan.Create);
    }

    [Fact]
    public void A_slice_that_is_written_for_its_labels_takes_further_endpoints()
    {
        var old = Shape with { Labels = new Dictionary<string, string> { ["old"] = "" } };
        var slices = Apply([], SlicePlanner.Compute(old, [Group(Enumerable.Range(0, 130))], []));
        foreach (var slice in slices.Where(s => s.Endpoints.Count == 100))
        {
            slice.Metadata.Labels = Shape.Labels.ToDictionary();
        }

        var plan = SlicePlanner.Compute(Shape, [Group(Enumerable.Range(0, 240))], slices);
        Assert.Equal(100, Assert.Single(plan.Update).Endpoints.Count);
        Assert.Equal(40, Assert.Single(plan.Create).Endpoints.Count);
    }

    [Fact]
    public void A_slice_that_would_go_becomes_the_one_that_would_come()
    {
        var empty = Apply([], SlicePlanner.Compute(Shape, [Group([])], []));
        var group = Group([1]) with { Ports = [new Discoveryv1EndpointPort { Name = "other", Port = 9 }] };
        var plan = SlicePlanner.Compute(Shape, [group], empty);
        Assert.Empty(plan.Create);
        Assert.Empty(plan.Delete);
        var update = Assert.Single(plan.Update);
        Assert.Equal(empty[0].Metadata.Name, update.Metadata.Name);
        Assert.Equal([9], update.Ports.Select(p => p.Port!.Value));
        var foreign = SlicePlanner.Compute(
            Shape with { Owner = new V1OwnerReference { Uid = "uid-2" } }, [group], empty);
        Assert.Single(foreign.Create);
        Assert.Single(foreign.Delete);
    }

    /// <summary>
    /// The garbage collector may be taking it away: upstream's <c>reconcileByAddressType</c> does not touch it.
    /// </summary>
    [Fact]
    public void A_slice_of_an_earlier_service_of_that_name_is_replaced()
    {
        var old = Apply([], SlicePlanner.Compute(Shape, [Group([1])], []));
        var shape = Shape with
        {
            Names = new ChildNames("web", "uid-2"), Owner = new V1OwnerReference { Uid = "uid-2", Kind = "Service" },
        };
        var plan = SlicePlanner.Compute(shape, [Group([1])], old);
        Assert.Empty(plan.Update);
        Assert.Equal(old, plan.Delete);
        Assert.NotEqual(old[0].Metadata.Name, Assert.Single(plan.Create).Metadata.Name);
    }

    [Fact]
    public void Further_owners_of_a_slice_stay()
    {
        var slices = Apply([], SlicePlanner.Compute(Shape, [Group([1])], []));
        slices[0].Metadata.OwnerReferences = [Shape.Owner, new V1OwnerReference { Uid = "uid-3" }];
        var update = Assert.Single(SlicePlanner.Compute(Shape, [Group([1, 2])], slices).Update);
        Assert.Equal(["uid-1", "uid-3"], update.Metadata.OwnerReferences.Select(o => o.Uid));
    }

    [Fact]
    public void Ports_in_another_order_are_the_same_ports()
    {
        Discoveryv1EndpointPort[] ports = [new() { Name = "a", Port = 1 }, new() { Name = "b", Port = 2 }];
        var slices = Apply([], SlicePlanner.Compute(Shape, [Group([1]) with { Ports = ports }], []));
        var plan = SlicePlanner.Compute(Shape, [Group([1]) with { Ports = [ports[1], ports[0]] }], slices);
        Assert.Empty(plan.Create);
        Assert.Empty(plan.Update);
        Assert.Empty(plan.Delete);
    }

    [Fact]
    public void Nobody_serving_is_an_empty_slice()
    {
        var plan = SlicePlanner.Compute(Shape, [Group([])], []);
        Assert.Empty(Assert.Single(plan.Create).Endpoints);
    }

    [Fact]
    public void Nobody_serving_in_one_of_two_families_is_an_empty_slice_too()
    {
        EndpointGroup[] groups = [Group([1]), new("IPv6", [], [])];
        var plan = SlicePlanner.Compute(Shape, groups, []);
        Assert.Equal(
            [("IPv4", 1), ("IPv6", 0)], plan.Create.Select(s => (s.AddressType, s.Endpoints.Count)).Order());
        Assert.Equal(2, plan.Create.Select(s => s.Metadata.Name).Distinct().Count());
        var again = SlicePlanner.Compute(Shape, groups, [.. plan.Create]);
        Assert.Equal((0, 0, 0), (again.Create.Count, again.Update.Count, again.Delete.Count));
    }

    private static List<V1EndpointSlice> Apply(List<V1EndpointSlice> slices, SlicePlan plan)
    {
        var result = slices.Where(s => !plan.Delete.Contains(s)).ToDictionary(s => s.Metadata.Name);
        foreach (var slice in plan.Update.Concat(plan.Create))
        {
            result[slice.Metadata.Name] = slice;
        }

        return [.. result.Values];
    }

    private static EndpointGroup Group(IEnumerable<int> numbers) => new(
        "IPv4",
        [new Discoveryv1EndpointPort { Name = "", Port = 80, Protocol = "TCP" }],
        [.. numbers.Select(n => new V1Endpoint
        {
            Addresses = [Address(n)],
            Conditions = new V1EndpointConditions { Ready = true },
            TargetRef = new V1ObjectReference { Kind = "Pod", Name = $"p{n}", Uid = $"u{n}" },
        })]);

    private static string Address(int number) => $"10.0.{number / 256}.{number % 256}";
}
