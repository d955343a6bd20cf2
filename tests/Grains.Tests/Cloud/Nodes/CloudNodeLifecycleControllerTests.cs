using k8s.Models;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Cloud.Nodes;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Cloud.Nodes;

public sealed class CloudNodeLifecycleControllerTests
{
    private readonly World _world = new();
    private readonly FakeCloud _cloud = new();
    private readonly CloudNodeLifecycleController _controller;

    public CloudNodeLifecycleControllerTests() =>
        _controller = new CloudNodeLifecycleController(_cloud, _world.Services);

    [Theory]
    [InlineData("True", false, false, "stays")]
    [InlineData("Unknown", false, false, "goes")]
    [InlineData("False", true, false, "stays")]
    [InlineData("Unknown", true, true, "off")]
    public async Task What_becomes_of_a_node(string ready, bool exists, bool isOff, string fate)
    {
        Add(ready);
        if (exists)
        {
            _cloud.Machines["n1"] = new CloudInstance();
        }

        if (isOff)
        {
            _cloud.Off.Add("n1");
        }

        await _controller.SweepAsync(default);
        var node = _world.Api.Find<V1Node>("", "n1");
        Assert.Equal(fate == "goes", node is null);
        Assert.Equal(fate == "off", node?.Spec.Taints?.Any(t => t.Key == CloudNodePlanner.ShutdownTaint) == true);
        await _world.Events.FlushAsync(default);
        Assert.Equal(
            fate == "goes" ? ["Deleting node n1 because it does not exist in the cloud provider"] : [],
            _world.Api.All<Corev1Event>().Select(e => e.Message));
    }

    [Fact]
    public async Task A_node_that_is_ready_again_loses_the_taint()
    {
        Add("Unknown");
        _cloud.Machines["n1"] = new CloudInstance();
        _cloud.Off.Add("n1");
        await _controller.SweepAsync(default);
        _world.Api.Change<V1Node>("", "n1", n => n.Status.Conditions[0].Status = "True", "status");
        await _controller.SweepAsync(default);
        Assert.Empty(_world.Api.Find<V1Node>("", "n1")!.Spec.Taints ?? []);
    }

    [Fact]
    public async Task A_cloud_that_fails_loses_no_node()
    {
        Add("Unknown");
        _cloud.Whim = () => Mood.Failing;
        await _controller.SweepAsync(default);
        Assert.NotNull(_world.Api.Find<V1Node>("", "n1"));
    }

    [Fact]
    public async Task A_node_that_the_cloud_has_not_described_yet_is_waited_for()
    {
        Add("Unknown", isUninitialized: true);
        await _controller.SweepAsync(default);
        Assert.NotNull(_world.Api.Find<V1Node>("", "n1"));
        _world.Time.Advance(TimeSpan.FromMinutes(2));
        await _controller.SweepAsync(default);
        Assert.Null(_world.Api.Find<V1Node>("", "n1"));
    }

    private void Add(string ready, bool isUninitialized = false) => _world.Api.Seed(new V1Node
    {
        Metadata = new V1ObjectMeta { Name = "n1" },
        Spec = new V1NodeSpec
        {
            Taints = !isUninitialized ? null
                : [new V1Taint { Key = CloudNodePlanner.UninitializedTaint, Effect = "NoSchedule" }],
        },
        Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = ready }] },
    });
}
