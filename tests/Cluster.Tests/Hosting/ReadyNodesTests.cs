using k8s.Models;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>A node is ready when it says so now: what it said before the cluster was stopped is past.</summary>
public sealed class ReadyNodesTests
{
    private static readonly DateTimeOffset Began = new(2026, 1, 1, 12, 0, 0, 700, TimeSpan.FromHours(2));

    [Theory]
    [InlineData("own", "True", 0, true)]
    [InlineData("own", "True", 60, true)]
    [InlineData("own", "True", -2, false)]
    [InlineData("own", "True", -3600, false)]
    [InlineData("own", "False", 60, false)]
    [InlineData("other", "True", -3600, true)]
    [InlineData("other", "Unknown", 60, false)]
    public void Only_what_is_said_of_a_node_now_counts(string name, string status, int seconds, bool expected)
    {
        var heartbeat = new DateTime(2026, 1, 1, 10, 0, 0, DateTimeKind.Utc).AddSeconds(seconds);
        var node = new V1Node
        {
            Metadata = new V1ObjectMeta { Name = name },
            Status = new V1NodeStatus
            {
                Conditions = [new V1NodeCondition { Type = "Ready", Status = status, LastHeartbeatTime = heartbeat }],
            },
        };
        Assert.Equal(expected, new ReadyNodes(static () => new(), "own", Began, TimeProvider.System).IsReady(node));
    }
}
