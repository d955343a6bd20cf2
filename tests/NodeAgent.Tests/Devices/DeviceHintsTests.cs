using OrleansOrchestrator.NodeAgent.Devices;
using OrleansOrchestrator.NodeAgent.Numa;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Devices;

/// <summary>From which nodes devices could be given, and which are given then: cases of upstream's tables.</summary>
public sealed class DeviceHintsTests
{
    /// <summary>x and y are of none.</summary>
    private static readonly Dictionary<string, NumaSet> Places = new()
    {
        ["a0"] = NumaSet.Of(0), ["b0"] = NumaSet.Of(0), ["c1"] = NumaSet.Of(1), ["d1"] = NumaSet.Of(1),
    };

    [Theory]
    [InlineData("a0,b0,c1,d1", 1, "01+ 10+ 11")]
    [InlineData("a0,c1,d1", 2, "10+ 11")]
    [InlineData("a0,c1", 2, "11")] // two would fit one node if nobody had any
    [InlineData("a0,b0,c1,d1", 3, "11+")]
    [InlineData("a0", 2, "")]
    [InlineData("x,a0", 2, "")] // x is of no node
    public void Hints_are_of_nodes_that_have_so_many(string free, int count, string expected) =>
        Assert.Equal(expected, Told(Need(free, count)));

    [Fact]
    public void Devices_that_no_plugin_places_are_as_good_from_anywhere() =>
        Assert.Null(DeviceHints.Of(Need("x,y", 1) with { All = new Dictionary<string, NumaSet>() }));

    [Fact]
    public void What_a_container_has_is_where_it_is_and_what_is_used_again_has_to_be_there()
    {
        Assert.Equal("10+ 11", Told(Need("a0", 1) with { Has = ["d1"] }));
        Assert.Equal("", Told(Need("a0", 2) with { Has = ["d1"] }));
        Assert.Equal("10+ 11", Told(Need("a0,b0,c1", 2) with { Reusable = ["d1"] }));
    }

    [Theory]
    [InlineData(1, "", "a0,b0", 1)] // more than enough: the plugin chooses among them
    [InlineData(2, "a0,b0", "c1,d1,x", 0)]
    [InlineData(3, "a0,b0", "c1,d1,x", 1)]
    public void Devices_of_the_wanted_nodes_come_first(int count, string given, string free, int missing)
    {
        var choice = DeviceChoice.Of(new DeviceNeed
        {
            Uid = "u", Container = "c", Resource = "r", Count = count,
            Healthy = new HashSet<string> { "x", "a0", "b0", "c1", "d1" },
            Nodes = NumaSet.Of(0), NodesOf = Places,
        });

        Assert.Equal(
            (given, free, missing), (string.Join(',', choice.Fixed), string.Join(',', choice.Free), choice.Missing));
        Assert.Equal(count, choice.Completed([]).Count);
    }

    private static DeviceHintNeed Need(string free, int count) =>
        new() { Nodes = [0, 1], All = Places, Free = free.Split(','), Count = count };

    private static string Told(DeviceHintNeed need) => string.Join(
        ' ', DeviceHints.Of(need)!.Select(static h => $"{h.Nodes!.Value.Bits:b2}{(h.IsPreferred ? "+" : "")}"));
}
