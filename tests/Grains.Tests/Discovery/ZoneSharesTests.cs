using k8s.Models;
using OrleansOrchestrator.Grains.Discovery;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Discovery;

public sealed class ZoneSharesTests
{
    [Fact]
    public void Shares_are_of_the_processors_of_ready_workers()
    {
        var away = Node("c", "4");
        away.Status.Conditions[0].Status = "Unknown";
        var master = Node("c", "64");
        master.Metadata.Labels["node-role.kubernetes.io/control-plane"] = "";
        var shares = ZoneShares.Of([Node("a", "1"), Node("a", "2"), Node("b", "1"), away, master]);
        Assert.Equal([("a", 0.75), ("b", 0.25)], shares!.Select(s => (s.Key, s.Value)).Order());
    }

    [Fact]
    public void There_are_none_in_one_zone() => Assert.Null(ZoneShares.Of([Node("a", "1"), Node("a", "1")]));

    [Theory]
    [InlineData("", "1")]
    [InlineData("b", "0")]
    [InlineData("b", null)]
    public void One_node_that_says_too_little_is_enough_for_none(string zone, string? cpu) =>
        Assert.Null(ZoneShares.Of([Node("a", "1"), Node("b", "1"), Node(zone, cpu)]));

    [Fact]
    public void Only_what_counts_makes_a_difference()
    {
        var node = Node("a", "1");
        var again = Node("a", "1000m");
        again.Status.Conditions[0].LastHeartbeatTime = DateTime.UnixEpoch;
        Assert.False(ZoneShares.Differ(node, again));
        Assert.True(ZoneShares.Differ(node, Node("b", "1")));
        Assert.True(ZoneShares.Differ(node, Node("a", "2")));
        Assert.True(ZoneShares.Differ(node, null));
        Assert.True(ZoneShares.Differ(null, node));
        again.Status.Conditions[0].Status = "False";
        Assert.True(ZoneShares.Differ(node, again));
        Assert.False(ZoneShares.Differ(null, again));
    }

    private static V1Node Node(string zone, string? cpu) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Labels = zone.Length == 0 ? [] : new Dictionary<string, string> { [ZoneShares.ZoneLabel] = zone },
        },
        Status = new V1NodeStatus
        {
            Allocatable = cpu is null ? null : new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu) },
            Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }],
        },
    };
}
