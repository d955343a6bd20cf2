using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Node;

/// <summary>What a node cannot keep from pods.</summary>
public sealed class NodeReservationTests
{
    private const string Invalid = "invalid Node Allocatable configuration. ";

    /// <summary>Of a machine of four CPUs and ten gibibytes: what is kept of each, and free for eviction.</summary>
    [Theory]
    [InlineData(0, 0, "100Mi", null)]
    [InlineData(4000, 9, "1Gi", null)]
    [InlineData(4000, 10, "0%", null)]
    [InlineData(-5, 0, "1Gi", "resource quantity for \"cpu\" cannot be negative: -5m")]
    [InlineData(0, -1, "1Gi", "resource quantity for \"memory\" cannot be negative: -1Gi")]
    [InlineData(4001, 0, "1Gi", Invalid
        + "Resource \"cpu\" has a reservation of 4001m but capacity of 4. Expected capacity >= reservation.")]
    [InlineData(0, 9, "50%", Invalid
        + "Resource \"memory\" has a reservation of 14Gi but capacity of 10Gi. Expected capacity >= reservation.")]
    [InlineData(5000, 11, "0%", Invalid
        + "Resource \"cpu\" has a reservation of 5 but capacity of 4. Expected capacity >= reservation. "
        + "Resource \"memory\" has a reservation of 11Gi but capacity of 10Gi. Expected capacity >= reservation.")]
    public void What_is_kept_has_to_be_there(long milliCpu, long gibibytes, string hard, string? expected)
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n", SystemReservedMilliCpu = milliCpu, SystemReservedMemoryBytes = gibibytes << 30,
            Housekeeping = new HousekeepingOptions
            {
                Eviction = new EvictionSettings
                {
                    Hard = new Dictionary<string, string> { ["memory.available"] = hard },
                },
            },
        };

        Assert.Equal(expected, NodeReservation.Problem(options, 4000, 10L << 30, 100L << 30));
    }

    [Theory]
    [InlineData("100Gi", null)]
    [InlineData("101Gi", Invalid + "Resource \"ephemeral-storage\" has a reservation of 101Gi but capacity of 100Gi. "
        + "Expected capacity >= reservation.")]
    public void What_is_kept_free_of_the_disk_has_to_be_there(string hard, string? expected)
    {
        var options = new NodeAgentOptions
        {
            NodeName = "n",
            Housekeeping = new HousekeepingOptions
            {
                Eviction = new EvictionSettings
                {
                    Hard = new Dictionary<string, string> { ["nodefs.available"] = hard },
                },
            },
        };

        Assert.Equal(expected, NodeReservation.Problem(options, 4000, 10L << 30, 100L << 30));
    }
}
