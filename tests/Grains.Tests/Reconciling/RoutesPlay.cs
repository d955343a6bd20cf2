using k8s.Models;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Cloud.Routes;
using OrleansOrchestrator.Grains.Tests.Cloud;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>The cloud's routes follow nodes that come, move and go.</summary>
internal sealed class RoutesPlay : CrashPlay
{
    private readonly FakeCloud _cloud = new();
    private RouteController _controller = null!;

    protected override int Acts => 4;

    protected override void SetUp()
    {
        Add("n1", 1);
        Add("n2", 2);
        _cloud.Table.Add(new CloudRoute { Name = "old", TargetNode = "n9", Destination = "10.244.9.0/24" });
    }

    protected override void Change(int act)
    {
        if (act > 0)
        {
            Assert.Equal(
                World.Api.All<V1Node>().Select(n => (n.Metadata.Name, n.Spec.PodCIDRs[0], AddressOf(n))).Order(),
                _cloud.Table.Select(r => (r.TargetNode, r.Destination, r.TargetAddresses[0].Address)).Order());
        }

        switch (act)
        {
            case 1:
                Add("n3", 3);
                World.Api.Delete<V1Node>("", "n2");
                break;
            case 2:
                World.Api.Change<V1Node>("", "n1", n => n.Status.Addresses[0].Address = "192.0.2.100", "status");
                Add("n4", 2);
                break;
        }
    }

    protected override void Step() => _controller.StepAsync(default).GetAwaiter().GetResult();

    protected override void LoseMemory() => _controller = new RouteController(_cloud, World.Services);

    /// <summary>Whoever is told that its route is there has one, and no network leads to two nodes.</summary>
    protected override void Check()
    {
        Assert.All(_cloud.Table.CountBy(r => r.Destination), r => Assert.Equal(1, r.Value));
        Assert.All(
            World.Api.All<V1Node>().Where(static n => n.Status.Conditions?.Any(
                c => c is { Type: "NetworkUnavailable", Status: "False" }) == true),
            n => Assert.Contains(_cloud.Table, r => r.TargetNode == n.Metadata.Name));
    }

    private static string AddressOf(V1Node node) => node.Status.Addresses[0].Address;

    private void Add(string name, int number) => World.Api.Seed(new V1Node
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1NodeSpec { PodCIDRs = [$"10.244.{number}.0/24"] },
        Status = new V1NodeStatus
        {
            Addresses = [new V1NodeAddress { Type = "InternalIP", Address = $"192.0.2.{name[1..]}" }],
        },
    });
}
