using k8s.Models;
using OrleansOrchestrator.Grains.Cloud;
using OrleansOrchestrator.Grains.Cloud.Nodes;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Cloud.Nodes;

public sealed class CloudNodeControllerTests
{
    private static readonly CloudInstance Machine = new()
    {
        ProviderId = "fake://1",
        InstanceType = "big",
        Zone = "z1",
        Region = "r1",
        Addresses =
        [
            Address("InternalIP", "192.0.2.1"), Address("InternalIP", "192.0.2.2"),
            Address("ExternalIP", "198.51.100.1"),
        ],
        AdditionalLabels = new Dictionary<string, string> { ["kept"] = "cloud", ["more"] = "yes" },
    };

    private readonly World _world = new();
    private readonly FakeCloud _cloud = new();
    private readonly CloudNodeController _controller;

    public CloudNodeControllerTests() => _controller = new CloudNodeController(_cloud, _world.Services);

    [Fact]
    public async Task A_new_node_gets_what_the_cloud_knows_of_it()
    {
        Add("192.0.2.2");
        _cloud.Machines["n1"] = Machine;
        await _controller.InitializeAsync("n1", default);
        var node = _world.Api.Find<V1Node>("", "n1")!;
        Assert.Equal("fake://1", node.Spec.ProviderID);
        Assert.Equal("other", Assert.Single(node.Spec.Taints).Key);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["kept"] = "node", ["more"] = "yes", ["beta.kubernetes.io/instance-type"] = "big",
                ["node.kubernetes.io/instance-type"] = "big", ["failure-domain.beta.kubernetes.io/zone"] = "z1",
                ["topology.kubernetes.io/zone"] = "z1", ["failure-domain.beta.kubernetes.io/region"] = "r1",
                ["topology.kubernetes.io/region"] = "r1",
            },
            node.Metadata.Labels);
        Assert.Equal(
            [("InternalIP", "192.0.2.2"), ("ExternalIP", "198.51.100.1"), ("Hostname", "n1")],
            node.Status.Addresses.Select(a => (a.Type, a.Address)));
        await _world.Events.FlushAsync(default);
        Assert.Equal("Node synced successfully", Assert.Single(_world.Api.All<Corev1Event>()).Message);
        var writes = _world.Api.Writes;
        await _controller.UpdateAsync(default);
        Assert.Equal(writes, _world.Api.Writes);
    }

    [Fact]
    public async Task An_address_that_the_cloud_does_not_know_keeps_the_taint_on()
    {
        Add("192.0.2.9");
        _cloud.Machines["n1"] = Machine;
        var error = await Assert.ThrowsAsync<CloudException>(() => _controller.InitializeAsync("n1", default));
        Assert.Equal(
            "failed to get node modifiers from cloud provider: provided node ip for node \"n1\" is not valid: "
                + "failed to get node address from cloud provider that matches ip: 192.0.2.9",
            error.Message);
        Assert.True(CloudNodePlanner.IsUninitialized(_world.Api.Find<V1Node>("", "n1")!));
    }

    [Fact]
    public async Task Addresses_and_labels_follow_the_cloud()
    {
        Add("192.0.2.2");
        _cloud.Machines["n1"] = Machine;
        await _controller.InitializeAsync("n1", default);
        _cloud.Machines["n1"] = Machine with { Addresses = [Address("InternalIP", "192.0.2.2")] };
        _world.Api.Change<V1Node>("", "n1", n => n.Metadata.Labels["topology.kubernetes.io/zone"] = "wrong");
        await _controller.UpdateAsync(default);
        var node = _world.Api.Find<V1Node>("", "n1")!;
        Assert.Equal(["192.0.2.2", "n1"], node.Status.Addresses.Select(a => a.Address));
        Assert.Equal("z1", node.Metadata.Labels["topology.kubernetes.io/zone"]);
    }

    [Fact]
    public async Task A_cloud_that_says_nothing_or_fails_changes_nothing()
    {
        Add("192.0.2.2");
        var writes = _world.Api.Writes;
        await _controller.InitializeAsync("n1", default);
        _cloud.Whim = () => Mood.Failing;
        var error = await Assert.ThrowsAsync<CloudException>(() => _controller.InitializeAsync("n1", default));
        Assert.Equal("failed to get instance metadata for node n1: not today", error.Message);
        await _controller.UpdateAsync(default);
        Assert.Equal(writes, _world.Api.Writes);
    }

    private void Add(string provided) => _world.Api.Seed(new V1Node
    {
        Metadata = new V1ObjectMeta
        {
            Name = "n1",
            Labels = new Dictionary<string, string> { ["kept"] = "node" },
            Annotations = new Dictionary<string, string> { ["alpha.kubernetes.io/provided-node-ip"] = provided },
        },
        Spec = new V1NodeSpec
        {
            Taints =
            [
                new V1Taint { Key = "other", Effect = "NoSchedule" },
                new V1Taint { Key = CloudNodePlanner.UninitializedTaint, Value = "true", Effect = "NoSchedule" },
            ],
        },
        Status = new V1NodeStatus { Addresses = [Address("Hostname", "n1")] },
    });

    private static V1NodeAddress Address(string type, string address) => new() { Type = type, Address = address };
}
