using k8s.Models;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Nodes;

public sealed class NodeLifecycleControllerTests
{
    [Fact]
    public async Task A_silent_node_becomes_unknown_and_tainted()
    {
        var world = new World();
        world.AddNode("n1");
        world.AddNode("n2");
        world.AddPod("a", "n1");
        var controller = new NodeLifecycleController(world.Services);
        await controller.ResyncAsync(default);
        await PassAsync(world, controller, TimeSpan.FromSeconds(45), "n1", "n2");
        Assert.Empty(world.Api.Find<V1Node>("", "n1")!.Spec.Taints ?? []);

        await PassAsync(world, controller, TimeSpan.FromSeconds(55), "n2");
        var node = world.Api.Find<V1Node>("", "n1")!;
        var ready = node.Status.Conditions.Single(c => c.Type == "Ready");
        Assert.Equal(
            ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
            (ready.Status, ready.Reason, ready.Message));
        await controller.ResyncAsync(default);
        node = world.Api.Find<V1Node>("", "n1")!;
        Assert.Equal(
            [("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")],
            node.Spec.Taints.Select(t => (t.Key, t.Effect)).Order());
        Assert.Equal(
            "False", world.Api.Find<V1Pod>("default", "a")!.Status.Conditions.Single(c => c.Type == "Ready").Status);

        world.Renew("n1");
        world.Api.Change<V1Node>("", "n1", n => n.Status.Conditions = [new V1NodeCondition { Type = "Ready", Status = "True", LastHeartbeatTime = world.Time.GetUtcNow().UtcDateTime }], "status");
        await controller.ResyncAsync(default);
        Assert.Empty(world.Api.Find<V1Node>("", "n1")!.Spec.Taints ?? []);
    }

    [Fact]
    public async Task Of_a_node_that_says_itself_that_it_is_not_ready_the_pods_may_be()
    {
        var world = new World();
        world.AddNode("n1");
        world.AddNode("n2");
        world.AddPod("a", "n1");
        world.SetReady("a", true);
        world.Api.Change<V1Node>(
            "",
            "n1",
            n => n.Status.Conditions = [new V1NodeCondition { Type = "Ready", Status = "False" }],
            "status");
        var controller = new NodeLifecycleController(world.Services);
        await controller.ResyncAsync(default);
        Assert.Equal(1, Evicted(world));
        Assert.Equal("True", ReadyOf(world, "a"));

        await PassAsync(world, controller, TimeSpan.FromSeconds(60), "n2");
        Assert.Equal("True", ReadyOf(world, "a"));
    }

    /// <summary>Three of five are down, most of a small zone; if one of them does not count, half of four.</summary>
    [Theory]
    [InlineData(null, 0)]
    [InlineData("n1", 1)]
    public async Task Nodes_that_fall_silent_together_are_down_together(string? excluded, int evicted)
    {
        var world = new World();
        for (var i = 1; i <= 5; i++)
        {
            world.AddNode($"n{i}");
        }

        if (excluded is not null)
        {
            world.Api.Change<V1Node>("", excluded, n =>
                n.Metadata.Labels = new Dictionary<string, string> { ["node.kubernetes.io/exclude-disruption"] = "" });
        }

        var controller = new NodeLifecycleController(world.Services);
        await controller.ResyncAsync(default);
        await PassAsync(world, controller, TimeSpan.FromSeconds(55), "n4", "n5");
        Assert.Equal(evicted, Evicted(world));
    }

    [Fact]
    public async Task When_every_node_is_silent_nobody_is_evicted()
    {
        var world = new World();
        world.AddNode("n1");
        world.AddNode("n2");
        var controller = new NodeLifecycleController(world.Services);
        await controller.ResyncAsync(default);
        await PassAsync(world, controller, TimeSpan.FromSeconds(60));
        await PassAsync(world, controller, TimeSpan.FromSeconds(60));
        Assert.All(world.Api.All<V1Node>(), n => Assert.DoesNotContain(n.Spec.Taints, t => t.Effect == "NoExecute"));
    }

    [Fact]
    public async Task After_an_outage_of_ours_nodes_have_their_grace_again()
    {
        var world = new World();
        world.AddNode("n1");
        world.Time.Advance(TimeSpan.FromHours(1));
        var controller = new NodeLifecycleController(world.Services);
        await controller.ResyncAsync(default);
        await PassAsync(world, controller, TimeSpan.FromSeconds(40));
        Assert.Equal("True", world.Api.Find<V1Node>("", "n1")!.Status.Conditions.Single(c => c.Type == "Ready").Status);
    }

    [Fact]
    public async Task Minutes_in_which_nobody_was_listened_to_are_nobodys_silence()
    {
        var world = new World();
        world.AddNode("n1");
        var controller = new NodeLifecycleController(world.Services);
        await controller.ResyncAsync(default);
        world.Time.Advance(TimeSpan.FromMinutes(5)); // the store is down: no sweep, no Lease
        await controller.ResyncAsync(default);
        Assert.Equal("True", Ready());
        await PassAsync(world, controller, TimeSpan.FromSeconds(45));
        Assert.Equal("True", Ready());
        await PassAsync(world, controller, TimeSpan.FromSeconds(10));
        Assert.Equal("Unknown", Ready());

        string Ready() => world.Api.Find<V1Node>("", "n1")!.Status.Conditions.Single(c => c.Type == "Ready").Status;
    }

    [Fact]
    public async Task Nodes_of_a_zone_are_emptied_one_after_the_other()
    {
        var world = new World();
        for (var i = 0; i < 8; i++)
        {
            world.AddNode($"n{i}");
        }

        var controller = new NodeLifecycleController(world.Services);
        await controller.ResyncAsync(default);
        string[] alive = ["n3", "n4", "n5", "n6", "n7"];
        await PassAsync(world, controller, TimeSpan.FromSeconds(55), alive);
        await controller.ResyncAsync(default);
        Assert.Equal(1, Evicted(world));
        for (var i = 2; i <= 3; i++)
        {
            await PassAsync(world, controller, TimeSpan.FromSeconds(10), alive);
            Assert.Equal(i, Evicted(world));
        }
    }

    [Fact]
    public void Tolerations_say_how_long_a_pod_may_stay()
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 10, 0, TimeSpan.Zero);
        var taint = new V1Taint { Key = "k", Effect = "NoExecute", TimeAdded = now.UtcDateTime.AddMinutes(-2) };
        Assert.Equal(now, TaintEvictionPlanner.DueAt(Pod(), [taint], now));
        Assert.Null(TaintEvictionPlanner.DueAt(Pod(new V1Toleration { OperatorProperty = "Exists" }), [taint], now));
        Assert.Null(TaintEvictionPlanner.DueAt(Pod(), [new V1Taint { Key = "k", Effect = "NoSchedule" }], now));
        var patient = Pod(
            new V1Toleration { Key = "k", OperatorProperty = "Exists", Effect = "NoExecute", TolerationSeconds = 300 });
        Assert.Equal(now.AddMinutes(3), TaintEvictionPlanner.DueAt(patient, [taint], now));
        Assert.Equal(
            now,
            TaintEvictionPlanner.DueAt(patient, [taint, new V1Taint { Key = "other", Effect = "NoExecute" }], now));
    }

    [Fact]
    public async Task Pods_leave_when_their_time_is_over()
    {
        var world = new World();
        world.AddNode("n1");
        world.AddPod("a", "n1");
        world.Api.Change<V1Pod>("default", "a", p => p.Spec.Tolerations = [new V1Toleration { Key = "k", OperatorProperty = "Exists", TolerationSeconds = 30 }]);
        world.Api.Change<V1Node>("", "n1", n => n.Spec.Taints = [new V1Taint { Key = "k", Effect = "NoExecute" }]);
        var controller = new TaintEvictionController(world.Services);
        await controller.ResyncAsync(default);
        Assert.Null(world.Api.Find<V1Pod>("default", "a")!.Metadata.DeletionTimestamp);
        world.Time.Advance(TimeSpan.FromSeconds(31));
        await controller.ResyncAsync(default);
        var pod = world.Api.Find<V1Pod>("default", "a")!;
        Assert.NotNull(pod.Metadata.DeletionTimestamp);
        Assert.Equal("DeletionByTaintManager", pod.Status.Conditions.Single(c => c.Type == "DisruptionTarget").Reason);
    }

    /// <summary>Nodes that stay are no evictions, nor are taints that drive nobody away.</summary>
    [Fact]
    public async Task Each_node_that_is_emptied_is_counted_by_its_zone()
    {
        using var heard = new HeardMeasurements("OrleansOrchestrator.Nodes");
        var world = new World();
        for (var i = 0; i < 4; i++)
        {
            world.AddNode($"n{i}", "metered");
        }

        var controller = new NodeLifecycleController(world.Services);
        await controller.ResyncAsync(default);
        await PassAsync(world, controller, TimeSpan.FromSeconds(80), "n1", "n2", "n3");
        Assert.Equal(1, Evicted(world));
        Assert.Equal(
            [("node_collector_evictions_total", 1.0, "zone=:\0:metered")],
            heard.All.Where(static m => m.Labels.EndsWith("metered", StringComparison.Ordinal)));
    }

    private static string ReadyOf(World world, string pod) =>
        world.Api.Find<V1Pod>("default", pod)!.Status.Conditions.Single(static c => c.Type == "Ready").Status;

    private static int Evicted(World world) =>
        world.Api.All<V1Node>().Count(n => n.Spec.Taints?.Any(t => t.Effect == "NoExecute") == true);

    private static V1Pod Pod(params V1Toleration[] tolerations) => new()
    {
        Metadata = new V1ObjectMeta { CreationTimestamp = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc) },
        Spec = new V1PodSpec { Tolerations = tolerations },
    };

    private static async Task PassAsync(
        World world, NodeLifecycleController controller, TimeSpan time, params string[] alive)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(5))
        {
            world.Time.Advance(TimeSpan.FromSeconds(5));
            world.Renew(alive);
            await controller.ResyncAsync(default);
        }
    }
}
