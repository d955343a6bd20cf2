using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

/// <summary>What a node's status says that it has in use, over restarts of the agent.</summary>
public sealed class VolumesInUseTests
{
    [Fact]
    public void What_is_used_is_named_and_what_was_left_behind_as_long_as_it_was_named()
    {
        var volumes = new VolumesInUse(["left", "not attachable"]);
        var news = 0;
        volumes.Changed += () => news++;
        Assert.Equal(["left"], volumes.Names(["gone", "left"]));
        Assert.Empty(volumes.Names(null));

        volumes.Add("b");
        volumes.Add("b");
        volumes.Add("a");
        Assert.Equal(["a", "b", "left"], volumes.Names(["left"]));
        Assert.Equal(2, news);

        volumes.Remove("left");
        volumes.Remove("left");
        volumes.Remove("a");
        Assert.Equal(["b"], volumes.Names(["a", "b", "left"]));
        Assert.Equal(4, news);
    }

    [Fact]
    public void The_status_is_patched_when_volumes_come_and_go()
    {
        var none = new V1NodeStatus { Conditions = [] };
        var some = new V1NodeStatus { Conditions = [], VolumesInUse = ["v"] };
        Assert.Contains("\"volumesInUse\":[\"v\"]", NodeStatusPatch.Compute(none, some, force: false));
        Assert.Contains("\"volumesInUse\":null", NodeStatusPatch.Compute(some, none, force: false));
        Assert.Null(NodeStatusPatch.Compute(some, some, force: false));
    }
}
