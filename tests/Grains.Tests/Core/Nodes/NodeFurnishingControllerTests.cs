using System.Net;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Nodes;

public sealed class NodeFurnishingControllerTests
{
    private readonly World _world = new();

    [Fact]
    public async Task Every_node_has_a_range_of_its_own_and_keeps_it()
    {
        _world.AddNode("n1");
        _world.AddNode("n2");
        _world.Api.Change<V1Node>("", "n2", static n =>
            n.Spec = new V1NodeSpec { PodCIDR = "10.244.0.0/24", PodCIDRs = ["10.244.0.0/24"] });
        var controller = new NodeFurnishingController(_world.Services);
        await controller.ResyncAsync(default);
        Assert.Equal(["10.244.1.0/24", "10.244.0.0/24"], Ranges());

        _world.AddNode("n3");
        var writes = _world.Api.Writes;
        await new NodeFurnishingController(_world.Services).ResyncAsync(default);
        Assert.Equal(["10.244.1.0/24", "10.244.0.0/24", "10.244.2.0/24"], Ranges());
        Assert.Equal(writes + 1, _world.Api.Writes);
    }

    [Fact]
    public async Task A_range_is_free_when_its_node_is_gone()
    {
        _world.Services.Options.PodNetworks = [PodNetwork.Of(IPNetwork.Parse("10.244.0.0/23"))];
        var controller = new NodeFurnishingController(_world.Services);
        foreach (var name in new[] { "n1", "n2", "n3" })
        {
            _world.AddNode(name);
            await controller.ResyncAsync(default);
        }

        Assert.Equal(["10.244.0.0/24", "10.244.1.0/24", null], Ranges());
        _world.Api.Delete<V1Node>("", "n2");
        await controller.ResyncAsync(default);
        Assert.Equal(["10.244.0.0/24", "10.244.1.0/24"], Ranges());
    }

    /// <summary>Upstream's <c>filterOutServiceRange</c>; Services have 10.96.0.0/16.</summary>
    [Theory]
    [InlineData("10.96.0.0/15", "10.97.0.0/24")]
    [InlineData("10.96.0.0/16", null)]
    [InlineData("10.96.128.0/17", null)]
    [InlineData("10.97.0.0/16", "10.97.0.0/24")]
    public async Task No_node_gets_addresses_of_services(string pods, string? range)
    {
        _world.Services.Options.PodNetworks = [PodNetwork.Of(IPNetwork.Parse(pods))];
        _world.AddNode("n1");
        await new NodeFurnishingController(_world.Services).ResyncAsync(default);
        Assert.Equal([range], Ranges());
    }

    /// <summary>Where all ranges are given, the heartbeats of nodes without one would each look at all nodes.</summary>
    [Fact]
    public async Task What_a_node_without_a_range_says_is_news_only_while_there_are_ranges()
    {
        _world.Services.Options.PodNetworks = [PodNetwork.Of(IPNetwork.Parse("10.244.0.0/24"))];
        var controller = new NodeFurnishingController(_world.Services);
        _world.AddNode("n1");
        _world.AddNode("n2");
        Assert.True(await IsNewsAsync(ChangeKind.Modified));

        await controller.ResyncAsync(default);
        Assert.False(await IsNewsAsync(ChangeKind.Modified));
        Assert.True(await IsNewsAsync(ChangeKind.Added));
        Assert.True(await IsNewsAsync(ChangeKind.Deleted));

        _world.Api.Delete<V1Node>("", "n1");
        await controller.ResyncAsync(default);
        Assert.Equal(["10.244.0.0/24"], Ranges());

        async Task<bool> IsNewsAsync(ChangeKind kind)
        {
            var node = await _world.Api.GetAsync(
                WellKnown.Nodes, new ObjectKey("", "n2"), ReadFreshness.Linearizable, default);
            return controller.IsNews(new ResourceChange { Kind = kind, Object = node.Required });
        }
    }

    [Fact]
    public async Task A_node_that_takes_no_writes_keeps_no_other_from_its_range()
    {
        foreach (var number in Enumerable.Range(0, 40))
        {
            _world.AddNode($"n{number:D2}");
        }

        _world.Api.BeforeWrite = static w =>
            w.Key.Name == "n00" ? StatusErrors.Forbidden(WellKnown.Nodes, "n00", "no") : null;
        var controller = new NodeFurnishingController(_world.Services);
        await controller.ResyncAsync(default);
        Assert.Null(Ranges().First());
        Assert.Equal(39, Ranges().Skip(1).Distinct().Count(static r => r is not null));
        await _world.Events.FlushAsync(default);
        var told = Assert.Single(_world.Api.All<Corev1Event>());
        Assert.Equal(
            ("n00", "CIDRAssignmentFailed", "Node n00 status is now: CIDRAssignmentFailed"),
            (told.InvolvedObject.Name, told.Reason, told.Message));

        _world.Api.BeforeWrite = null;
        await controller.ResyncAsync(default);
        Assert.Equal(40, Ranges().Distinct().Count(static r => r is not null));
    }

    [Fact]
    public async Task Two_families_give_a_range_each()
    {
        _world.Services.Options.PodNetworks =
            [PodNetwork.Of(IPNetwork.Parse("10.244.0.0/16")), PodNetwork.Of(IPNetwork.Parse("fd00:10:244::/56"))];
        _world.AddNode("n1");
        await new NodeFurnishingController(_world.Services).ResyncAsync(default);
        Assert.Equal(
            ["10.244.0.0/24", "fd00:10:244::/64"], _world.Api.Find<V1Node>("", "n1")!.Spec.PodCIDRs);
    }

    private IEnumerable<string?> Ranges() => _world.Api.All<V1Node>().Select(static n => n.Spec?.PodCIDR);
}
