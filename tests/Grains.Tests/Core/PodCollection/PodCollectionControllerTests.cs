using k8s.Models;
using OrleansOrchestrator.Grains.Core.PodCollection;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.PodCollection;

public sealed class PodCollectionControllerTests
{
    [Fact]
    public async Task Pods_of_a_vanished_node_fail_and_go_after_the_quarantine()
    {
        var world = new World();
        world.AddNode("n1");
        world.AddPod("stays", "n1");
        world.AddPod("orphan", "gone");
        var controller = new PodCollectionController(world.Services);
        await controller.ResyncAsync(default);
        Assert.NotNull(world.Api.Find<V1Pod>("default", "orphan"));
        world.Time.Advance(PodCollectionController.Quarantine);
        await controller.ResyncAsync(default);
        Assert.Null(world.Api.Find<V1Pod>("default", "orphan"));
        Assert.NotNull(world.Api.Find<V1Pod>("default", "stays"));
    }

    [Fact]
    public async Task Terminating_pods_that_no_agent_will_end_go_at_once()
    {
        var world = new World();
        world.AddNode("n1");
        world.Api.Change<V1Node>(
            "",
            "n1",
            n => n.Spec.Taints = [new V1Taint { Key = "node.kubernetes.io/out-of-service", Effect = "NoExecute" }]);
        world.Api.Change<V1Node>(
            "",
            "n1",
            n => n.Status.Conditions = [new V1NodeCondition { Type = "Ready", Status = "Unknown" }],
            "status");
        world.AddPod("a", "n1");
        world.AddPod("b", "n1");
        world.Api.Delete<V1Pod>("default", "a");
        await new PodCollectionController(world.Services).ResyncAsync(default);
        Assert.Null(world.Api.Find<V1Pod>("default", "a"));
        Assert.NotNull(world.Api.Find<V1Pod>("default", "b"));
    }

    [Fact]
    public async Task The_oldest_finished_pods_go_beyond_the_threshold()
    {
        var world = new World();
        world.AddNode("n1");
        world.Services.Options.TerminatedPodThreshold = 2;
        for (var i = 0; i < 5; i++)
        {
            world.Time.Advance(TimeSpan.FromSeconds(1));
            world.AddPod($"p{i}", "n1");
            world.Api.Change<V1Pod>(
                "default", $"p{i}", p => p.Status.Phase = i == 0 ? "Running" : "Succeeded", "status");
        }

        await new PodCollectionController(world.Services).ResyncAsync(default);
        Assert.Equal(["p0", "p3", "p4"], world.Api.All<V1Pod>().Select(p => p.Metadata.Name));
    }

    [Theory]
    [InlineData("gone", "PodGC: node no longer exists")]
    [InlineData("", null)]
    public async Task A_pod_fails_before_it_goes_and_says_so_when_its_node_is_at_fault(string node, string? message)
    {
        var world = new World();
        world.AddPod("p", node);
        world.Api.Change<V1Pod>("default", "p", static p => p.Metadata.Finalizers = ["example.com/keep"]);
        world.Api.Delete<V1Pod>("default", "p");
        var controller = new PodCollectionController(world.Services);
        await controller.ResyncAsync(default);
        world.Time.Advance(PodCollectionController.Quarantine);
        await controller.ResyncAsync(default);
        var status = world.Api.Find<V1Pod>("default", "p")!.Status;
        Assert.Equal("Failed", status.Phase);
        Assert.Equal(message, status.Conditions.SingleOrDefault(static c => c.Type == "DisruptionTarget")?.Message);
    }

    [Fact]
    public async Task Evicted_pods_go_before_older_ones()
    {
        var world = new World();
        world.Services.Options.TerminatedPodThreshold = 1;
        world.AddNode("n1");
        foreach (var name in new[] { "old", "evicted" })
        {
            world.Time.Advance(TimeSpan.FromSeconds(1));
            world.AddPod(name, "n1");
            world.Api.Change<V1Pod>(
                "default",
                name,
                p => p.Status = new V1PodStatus { Phase = "Failed", Reason = name == "old" ? null : "Evicted" },
                "status");
        }

        await new PodCollectionController(world.Services).ResyncAsync(default);
        Assert.Equal(["old"], world.Api.All<V1Pod>().Select(static p => p.Metadata.Name));
    }
}
