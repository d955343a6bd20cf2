using k8s.Models;
using OrleansOrchestrator.NodeAgent.Node;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

/// <summary>Events of nodes, as upstream's kubelet tells them.</summary>
public sealed class NodeNewsTests
{
    private static readonly string[] Enough =
        ["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"];

    private readonly NodeNews _news = new("n1");

    [Fact]
    public void An_agent_that_starts_tells_what_the_node_has_enough_of_once()
    {
        Assert.Equal(Enough, Reasons(Node(), Status()));
        Assert.Empty(Reasons(Node(ready: "True"), Status(ready: "True")));
    }

    [Fact]
    public void A_shortage_is_told_when_it_comes_and_when_it_goes()
    {
        Reasons(Node(), Status());

        Assert.Equal(["NodeHasInsufficientMemory"], Reasons(Node(), Status(memory: "True")));
        Assert.Empty(Reasons(Node(), Status(memory: "True")));
        Assert.Equal(["NodeHasSufficientMemory"], Reasons(Node(), Status()));
    }

    [Theory]
    [InlineData(null, "False", null)]
    [InlineData("False", "False", null)]
    [InlineData("False", "True", "NodeReady")]
    [InlineData("Unknown", "True", "NodeReady")]
    [InlineData("True", "False", "NodeNotReady")]
    public void Ready_is_compared_with_what_the_API_had(string? before, string now, string? expected)
    {
        Assert.Equal(expected, Reasons(Node(before), Status(now)).Except(Enough).SingleOrDefault());
    }

    [Fact]
    public void Who_cordons_a_node_finds_an_event_of_it()
    {
        Reasons(Node(), Status());

        var note = Assert.Single(_news.Compare(Node(isCordoned: true), Status()));
        Assert.Equal(new NodeNote("Normal", "NodeNotSchedulable", "Node n1 status is now: NodeNotSchedulable"), note);
        Assert.Empty(Reasons(Node(isCordoned: true), Status()));
        Assert.Equal(["NodeSchedulable"], Reasons(Node(), Status()));
    }

    [Fact]
    public void A_machine_that_was_started_anew_is_a_warning()
    {
        Reasons(Node(), Status());

        var note = Assert.Single(_news.Compare(Node(boot: "before"), Status()));
        Assert.Equal(new NodeNote("Warning", "Rebooted", "Node n1 has been rebooted, boot id: now"), note);
    }

    private string[] Reasons(V1Node known, V1NodeStatus status) =>
        [.. _news.Compare(known, status).Select(static n => n.Reason)];

    private static V1Node Node(string? ready = null, bool isCordoned = false, string boot = "now") => new()
    {
        Spec = new V1NodeSpec { Unschedulable = isCordoned },
        Status = new V1NodeStatus
        {
            NodeInfo = new V1NodeSystemInfo { BootID = boot },
            Conditions = ready is null ? [] : [new V1NodeCondition { Type = "Ready", Status = ready }],
        },
    };

    private static V1NodeStatus Status(string ready = "False", string memory = "False") => new()
    {
        NodeInfo = new V1NodeSystemInfo { BootID = "now" },
        Conditions =
        [
            new V1NodeCondition { Type = "MemoryPressure", Status = memory },
            new V1NodeCondition { Type = "DiskPressure", Status = "False" },
            new V1NodeCondition { Type = "PIDPressure", Status = "False" },
            new V1NodeCondition { Type = "Ready", Status = ready },
        ],
    };
}
