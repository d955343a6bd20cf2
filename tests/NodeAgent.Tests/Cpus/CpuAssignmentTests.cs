using OrleansOrchestrator.NodeAgent.Cpus;
using OrleansOrchestrator.NodeAgent.Numa;
using Xunit;
using static OrleansOrchestrator.NodeAgent.Tests.Support.PinningParts;

namespace OrleansOrchestrator.NodeAgent.Tests.Cpus;

/// <summary>Which CPUs containers get: upstream's own table, and what holds for all of them.</summary>
public sealed class CpuAssignmentTests
{
    private static readonly CpuTopology[] Machines =
        [SingleSocket, DualSocket, TwoNodesPerSocket, SmallCachesWithThreads, SmallCachesTwoNodes];

    [Theory]
    [InlineData("one", "0-7", 0, "")]
    [InlineData("one", "0-7", 1, "0")]
    [InlineData("one", "1,3,5-7", 1, "6")]
    [InlineData("one", "0-7", 2, "0,4")]
    [InlineData("one", "0-7", 8, "0-7")]
    [InlineData("one", "0-3,6", 2, "2,6")]
    [InlineData("two", "0-11", 6, "0,2,4,6,8,10")]
    [InlineData("two", "1-5,7-11", 1, "2")]
    [InlineData("two", "0-11", 8, "0-2,4,6-8,10")]
    [InlineData("four", "0-79", 40, "0-19,40-59")]
    [InlineData("four", "0-79", 20, "0-9,40-49")]
    [InlineData("four", "10-39,50-79", 20, "10-19,50-59")]
    [InlineData("four", "0-79", 60, "0-29,40-69")]
    [InlineData("four", "1-39,41-79", 60, "10-39,50-79")]
    [InlineData("four", "0-79", 64, "0-31,40-71")]
    public void What_is_packed_fills_sockets_nodes_and_cores(string machine, string free, int count, string expected) =>
        Assert.Equal(expected, CpuAssignment.Packed(Machine(machine), CpuSet.Parse(free), count, false).ToString());

    [Theory]
    [InlineData("caches", "1-15", 10, "1-2,4-11")]
    [InlineData("two", "1-5,7-11", 1, "1")]
    [InlineData("caches two", "0-15", 4, "0-3")]
    [InlineData("caches two", "2-15", 6, "2-7")]
    [InlineData("caches two", "8-15", 4, "8-11")]
    [InlineData("caches four", "3-8,12", 2, "4-5")]
    [InlineData("caches threads", "2-7,10-15", 6, "4-6,12-14")]
    [InlineData("caches threads", "1-7,9-15", 10, "1,4-7,9,12-15")]
    public void What_prefers_caches_takes_as_few_as_can_be(string machine, string free, int count, string expected) =>
        Assert.Equal(expected, CpuAssignment.Packed(Machine(machine), CpuSet.Parse(free), count, true).ToString());

    [Theory]
    [InlineData("two", "0-11", 8, 1, "0-3,6-9")]
    [InlineData("two", "1-5,7-11", 1, 1, "1")]
    [InlineData("two", "1-5,7-11", 1, 2, "2")]
    [InlineData("four", "0-79", 64, 1, "0-7,10-17,20-27,30-37,40-47,50-57,60-67,70-77")]
    [InlineData("four", "0-79", 48, 1, "0-7,10-17,20-27,40-47,50-57,60-67")]
    [InlineData("four", "1-29,32-39,41-69,72-79", 48, 1, "1-8,10-17,20-27,41-48,50-57,60-67")]
    [InlineData("four", "2-29,31-39,42-69,71-79", 48, 1, "10-17,20-27,31-38,50-57,60-67,71-78")]
    [InlineData("four", "0-2,10-12,20-22,30-32,40-41,50-51,60-61,70-71", 16, 1,
        "0-1,10-11,20-21,30-31,40-41,50-51,60-61,70-71")]
    [InlineData("four", "0-79", 26, 1, "0-6,10-16,40-45,50-55")]
    [InlineData("four", "0-79", 26, 2, "0-6,10-15,40-46,50-55")]
    [InlineData("four", "0-79", 62, 1, "0-7,10-17,20-27,30-37,40-47,50-57,60-66,70-76")]
    [InlineData("four", "0-79", 62, 2, "0-7,10-17,20-27,30-36,40-47,50-57,60-67,70-76")]
    [InlineData("four", "0-8,10-18,20-39,40-48,50-58,60-79", 62, 1,
        "0-7,10-17,20-27,30-37,40-46,50-56,60-67,70-77")]
    [InlineData("four", "0-8,10-18,20-39,40-48,50-58,60-79", 62, 2,
        "0-7,10-16,20-27,30-37,40-47,50-56,60-67,70-77")]
    [InlineData("four", "0-3,10-13,20-23,30-36,40-43,50-53,60-63,70-76", 34, 1,
        "0-3,10-13,20-23,30-34,40-43,50-53,60-63,70-74")]
    [InlineData("eight",
        "0,128,30,31,158,159,43-47,171-175,62,63,190,191,75-79,203-207,94,96,222,223,101-111,229-239,126,127,254,255",
        28, 1, "43-47,75-79,96,101-105,171-174,203-206,229-232")]
    public void What_is_distributed_comes_evenly_of_the_fewest_nodes(
        string machine, string free, int count, int groupSize, string expected) => Assert.Equal(
            CpuSet.Parse(expected),
            CpuAssignment.Distributed(Machine(machine), CpuSet.Parse(free), count, groupSize));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nobody_gets_more_than_is_free(bool distributes)
    {
        var problem = Assert.Throws<AllocationException>(() => CpuAssignment.Take(
            SingleSocket, CpuSet.Of(0, 2, 4, 6), 5, new CpuPolicyOptions { DistributesAcrossNodes = distributes }));
        Assert.Equal("not enough cpus available to satisfy request: requested=5, available=4", problem.Message);
    }

    [Fact]
    public void All_get_so_many_as_they_ask_for_of_what_is_free_and_whole_cores_stay_whole()
    {
        var random = new Random(20260419);
        for (var round = 0; round < 400; round++)
        {
            var machine = Machines[random.Next(Machines.Length)];
            var options = new CpuPolicyOptions
            {
                DistributesAcrossNodes = random.Next(2) == 0,
                PrefersCaches = random.Next(2) == 0,
                WholeCoresOnly = random.Next(2) == 0,
            };
            var free = CpuSet.Of(machine.All.Where(_ => random.Next(4) > 0));
            if (options.WholeCoresOnly)
            {
                free = CpuSet.Of(free.Where(cpu => machine.WholeCores(CpuSet.Of(cpu)).IsSubsetOf(free)));
            }

            var unit = options.WholeCoresOnly ? machine.ThreadsPerCore : 1;
            var count = random.Next(free.Count / unit + 1) * unit;
            var taken = CpuAssignment.Take(machine, free, count, options);

            Assert.True(taken.Count == count && taken.IsSubsetOf(free), $"round {round}: {count} of {free}: {taken}");
            Assert.True(
                !options.WholeCoresOnly || machine.WholeCores(taken).Equals(taken),
                $"round {round}: {taken} of {free}");
        }
    }

    private static CpuTopology Machine(string name) => name switch
    {
        "one" => SingleSocket,
        "two" => DualSocket,
        "four" => TwoNodesPerSocket,
        "eight" => FourNodesPerSocket,
        "caches" => SmallCaches,
        "caches two" => SmallCachesDualSocket,
        "caches four" => SmallCachesTwoNodes,
        _ => SmallCachesWithThreads,
    };
}
