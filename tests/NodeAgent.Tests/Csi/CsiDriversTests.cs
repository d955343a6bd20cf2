using k8s.Models;
using OrleansOrchestrator.NodeAgent.Csi;
using OrleansOrchestrator.NodeAgent.Csi.V1;
using OrleansOrchestrator.NodeAgent.Plugins;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Csi;

/// <summary>What the cluster learns of a driver that registers.</summary>
public sealed class CsiDriversTests : IAsyncLifetime
{
    private readonly NodeAgentOptions _options = new() { NodeName = "n", DataDirectory = "/unused" };
    private readonly FakeCluster _cluster = new();
    private FakeCsiDriver _driver = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _driver = await FakeCsiDriver.StartAsync();
        _cluster.NewestNode = Node();
    }

    public ValueTask DisposeAsync() => _driver.DisposeAsync();

    [Fact]
    public async Task The_cluster_learns_who_the_node_is_to_a_driver_where_it_is_and_how_much_it_takes()
    {
        _driver.Info.MaxVolumesPerNode = 8;
        _driver.Info.AccessibleTopology = new Topology { Segments = { ["zone.example.com/b"] = "2", ["a"] = "1" } };

        await RegisterAsync();

        var made = _cluster.CsiNode!;
        var owner = Assert.Single(made.Metadata.OwnerReferences);
        Assert.Equal(("n", "v1", "Node", "n", "node-uid"),
            (made.Metadata.Name, owner.ApiVersion, owner.Kind, owner.Name, owner.Uid));
        var driver = Assert.Single(made.Spec.Drivers);
        Assert.Equal((FakeCsiDriver.Name, "id-of-node", 8),
            (driver.Name, driver.NodeID, driver.Allocatable.Count));
        Assert.Equal(["a", "zone.example.com/b"], driver.TopologyKeys);
        Assert.True(_cluster.NodePatches.Reader.TryRead(out var patch));
        Assert.Equal(
            "{\"metadata\":{\"annotations\":{\"csi.volume.kubernetes.io/nodeid\":" +
            "\"{\\u0022fake.csi.example.com\\u0022:\\u0022id-of-node\\u0022}\"}," +
            "\"labels\":{\"a\":\"1\",\"zone.example.com/b\":\"2\"}}}", patch);
    }

    [Fact]
    public async Task A_node_that_is_known_already_is_told_only_what_is_new()
    {
        _cluster.NewestNode = Node(ids: "{\"fake.csi.example.com\":\"id-of-node\",\"other\":\"x\"}", label: "1");
        _driver.Info.AccessibleTopology = new Topology { Segments = { ["a"] = "1" } };
        _cluster.CsiNode = new V1CSINode
        {
            Spec = new V1CSINodeSpec
            {
                Drivers =
                [
                    new V1CSINodeDriver { Name = FakeCsiDriver.Name, NodeID = "id-of-node", TopologyKeys = ["a"] },
                ],
            },
        };

        var drivers = await RegisterAsync();
        Assert.Empty(_cluster.CsiNodePatches);
        Assert.False(_cluster.NodePatches.Reader.TryRead(out _));

        await drivers.DeregisterAsync(Plugin(), Cancellation);
        Assert.True(_cluster.NodePatches.Reader.TryRead(out var patch));
        Assert.Equal(
            "{\"metadata\":{\"annotations\":{\"csi.volume.kubernetes.io/nodeid\":" +
            "\"{\\u0022other\\u0022:\\u0022x\\u0022}\"}}}",
            patch);

        _driver.Info.MaxVolumesPerNode = 3;
        await RegisterAsync();
        Assert.Equal(
            "{\"spec\":{\"drivers\":[{\"name\":\"fake.csi.example.com\",\"nodeID\":\"id-of-node\"," +
            "\"topologyKeys\":[\"a\"],\"allocatable\":{\"count\":3}}]}}", _cluster.CsiNodePatches.Last());
    }

    [Fact]
    public async Task A_driver_whose_place_is_not_where_the_node_is_said_to_be_is_not_taken()
    {
        _cluster.NewestNode = Node(label: "2");
        _driver.Info.AccessibleTopology = new Topology { Segments = { ["a"] = "1" } };
        var drivers = new CsiDrivers(new CsiNodeObject(_cluster, _options));

        var refusal = await Assert.ThrowsAsync<PluginException>(() => drivers.RegisterAsync(Plugin(), Cancellation));

        Assert.EndsWith(
            "detected topology value collision: driver reported \"a\":\"1\" but existing label is \"a\":\"2\"",
            refusal.Message);
        Assert.Null(drivers.Find(FakeCsiDriver.Name));
        Assert.Null(_cluster.CsiNode);
    }

    [Fact]
    public async Task A_driver_that_does_not_say_who_the_node_is_is_not_taken()
    {
        _driver.Info.NodeId = "";
        var refusal = await Assert.ThrowsAsync<PluginException>(RegisterAsync);
        Assert.Equal("error adding CSI driver node info: driverNodeID must not be empty", refusal.Message);
    }

    [Theory]
    [InlineData("1.2.0", "1.2.0", false)]
    [InlineData("1.2.0", "v1.3", true)]
    [InlineData("1.2.0", "1.1.0,1.10.0-rc1", true)]
    public async Task Of_two_of_one_name_the_later_must_be_the_newer(string first, string second, bool isTaken)
    {
        var drivers = new CsiDrivers(new CsiNodeObject(_cluster, _options));
        await drivers.RegisterAsync(Plugin(first), Cancellation);

        var problem = drivers.Problem(Plugin(second));

        Assert.Equal(isTaken, problem is null);
        Assert.True(isTaken || problem!.EndsWith(
            "Another driver with the same name is already registered with a higher supported version: \"1.2.0\"",
            StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_without_drivers_has_a_CSINode_too()
    {
        await new CsiNodeObject(_cluster, _options).EnsureAsync(Cancellation);
        var made = _cluster.CsiNode!;
        Assert.Empty(made.Spec.Drivers);
        await new CsiNodeObject(_cluster, _options).EnsureAsync(Cancellation);
        Assert.Same(made, _cluster.CsiNode);
    }

    private static V1Node Node(string? ids = null, string? label = null) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "n",
            Uid = "node-uid",
            Annotations = ids is null
                ? null
                : new Dictionary<string, string> { ["csi.volume.kubernetes.io/nodeid"] = ids },
            Labels = label is null ? null : new Dictionary<string, string> { ["a"] = label },
        },
    };

    private Plugin Plugin(string versions = "1.0.0") => new(FakeCsiDriver.Name, _driver.Socket, versions.Split(','));

    private async Task<CsiDrivers> RegisterAsync()
    {
        var drivers = new CsiDrivers(new CsiNodeObject(_cluster, _options));
        await drivers.RegisterAsync(Plugin(), Cancellation);
        return drivers;
    }
}
