using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Cloud.Routes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Cloud.Routes;

public sealed class RouteControllerTests
{
    private readonly World _world = new();
    private readonly FakeCloud _cloud = new();

    [Fact]
    public async Task Every_network_of_pods_has_its_route_and_others_go()
    {
        Add("n1", "10.244.1.0/24");
        Add("n2");
        _cloud.Table.AddRange(
        [
            new CloudRoute { Name = "gone", TargetNode = "n9", Destination = "10.244.9.0/24" },
            new CloudRoute { Name = "nowhere", TargetNode = "n8", Destination = "10.244.8.0/24", IsBlackhole = true },
            new CloudRoute { Name = "others", TargetNode = "n7", Destination = "192.0.2.0/24" },
            new CloudRoute { Name = "strange", TargetNode = "n6", Destination = "everywhere" },
        ]);
        await StepAsync();
        Assert.Equal(
            ["n1 10.244.1.0/24", "n6 everywhere", "n7 192.0.2.0/24"],
            _cloud.Table.Select(r => $"{r.TargetNode} {r.Destination}").Order(StringComparer.Ordinal));
        Assert.Equal(("False", "RouteCreated", "RouteController created a route"), ConditionOf("n1"));
        Assert.Null(ConditionOf("n2"));
        var (calls, writes) = (_cloud.Calls.Count, _world.Api.Writes);
        await StepAsync();
        Assert.Equal((calls + 1, writes), (_cloud.Calls.Count, _world.Api.Writes));
    }

    [Fact]
    public async Task A_route_that_fails_is_told_on_its_node()
    {
        Add("n1", "10.244.1.0/24");
        var calls = 0;
        _cloud.Whim = () => calls++ == 0 ? Mood.Honest : Mood.Failing;
        await StepAsync();
        Assert.Equal(("True", "NoRouteCreated", "RouteController failed to create a route"), ConditionOf("n1"));
        await _world.Events.FlushAsync(default);
        Assert.Equal("FailedToCreateRoute", Assert.Single(_world.Api.All<Corev1Event>()).Reason);
        _cloud.Whim = () => Mood.Honest;
        await StepAsync();
        Assert.Equal("False", ConditionOf("n1")?.Status);
    }

    [Fact]
    public async Task A_node_without_a_network_that_a_route_leads_to_is_not_reached()
    {
        Add("n1");
        _cloud.Table.Add(new CloudRoute { Name = "old", TargetNode = "n1", Destination = "10.244.1.0/24" });
        await StepAsync();
        Assert.Empty(_cloud.Table);
        Assert.Equal("True", ConditionOf("n1")?.Status);
    }

    /// <summary>What a policy refuses for one node is no reason to leave the others.</summary>
    [Fact]
    public async Task A_node_that_takes_no_writes_keeps_no_other_waiting()
    {
        Add("n1", "10.244.1.0/24");
        Add("n2", "10.244.2.0/24");
        _world.Api.BeforeWrite = w => w.Key.Name == "n1"
            ? StatusErrors.Forbidden(w.Resource, "n1", "a policy says so")
            : null;
        await Assert.ThrowsAsync<ReconcileException>(StepAsync);
        Assert.Null(ConditionOf("n1"));
        Assert.Equal("False", ConditionOf("n2")?.Status);
    }

    [Fact]
    public void Once_the_cloud_is_honest_there_is_one_route_a_network_to_where_its_node_is() => Gen.Select(
        Gen.Int[0, 1 << 20], Gen.Int[0, 2].Array[5, 30]).Check((seed, acts) =>
    {
        var test = new RouteControllerTests();
        var random = new Random(seed);
        test._cloud.Whim = () => (Mood)random.Next(4);
        foreach (var act in acts)
        {
            test.Act(act, random.Next(4));
            test.TryStep();
        }

        test._cloud.Whim = () => Mood.Honest;
        test.TryStep();
        Assert.Equal(
            test._world.Api.All<V1Node>()
                .Select(n => (n.Metadata.Name, n.Spec.PodCIDRs[0], n.Status.Addresses[0].Address)).Order(),
            test._cloud.Table.Select(r => (r.TargetNode, r.Destination, r.TargetAddresses[0].Address)).Order());
        Assert.All(
            test._world.Api.All<V1Node>(), n => Assert.Equal("False", test.ConditionOf(n.Metadata.Name)?.Status));
    }, cases: 200);

    private void Act(int act, int number)
    {
        var name = $"n{number}";
        var isThere = _world.Api.Find<V1Node>("", name) is not null;
        if (!isThere)
        {
            Add(name, $"10.244.{number}.0/24");
        }
        else if (act == 0)
        {
            _world.Api.Delete<V1Node>("", name);
        }
        else if (act == 1)
        {
            _world.Api.Change<V1Node>(
                "", name, n => n.Status.Addresses[0].Address = $"192.0.2.{_world.Api.Writes % 250}", "status");
        }
    }

    private void TryStep()
    {
        try
        {
            StepAsync().GetAwaiter().GetResult();
        }
        catch (CloudException)
        {
            // Looked at again with the next step.
        }
    }

    private Task StepAsync() => new RouteController(_cloud, _world.Services).StepAsync(default);

    private (string Status, string Reason, string Message)? ConditionOf(string node) =>
        _world.Api.Find<V1Node>("", node)!.Status.Conditions?
            .FirstOrDefault(c => c.Type == "NetworkUnavailable") is { } c
            ? (c.Status, c.Reason, c.Message)
            : null;

    private void Add(string name, params string[] networks) => _world.Api.Seed(new V1Node
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1NodeSpec { PodCIDRs = networks.Length == 0 ? null : networks },
        Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "InternalIP", Address = "192.0.2.1" }] },
    });
}
