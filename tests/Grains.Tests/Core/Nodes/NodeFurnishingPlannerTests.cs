using System.Net;
using System.Text;
using OrleansOrchestrator.Grains.Core.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Nodes;

public sealed class NodeFurnishingPlannerTests
{
    [Theory]
    [InlineData("""{}""", """{"annotations":{"node.alpha.kubernetes.io/ttl":"0"},"uid":"u"}""")]
    [InlineData("""{"annotations":{"node.alpha.kubernetes.io/ttl":"0"}}""", null)]
    [InlineData(
        """{"annotations":{"node.alpha.kubernetes.io/ttl":"x"}}""",
        """{"annotations":{"node.alpha.kubernetes.io/ttl":"0"},"uid":"u"}""")]
    [InlineData(
        """{"labels":{"kubernetes.io/os":"linux"},"annotations":{"node.alpha.kubernetes.io/ttl":"0"}}""",
        """{"labels":{"beta.kubernetes.io/os":"linux"},"uid":"u"}""")]
    [InlineData(
        """{"labels":{"kubernetes.io/arch":"arm64","beta.kubernetes.io/arch":"amd64","beta.kubernetes.io/os":"linux"},"annotations":{"node.alpha.kubernetes.io/ttl":"0"}}""",
        """{"labels":{"beta.kubernetes.io/arch":"arm64"},"uid":"u"}""")]
    public void A_node_gets_what_it_lacks(string metadata, string? patched) => Assert.Equal(
        patched is null ? null : $$"""{"metadata":{{patched}}}""",
        NodeFurnishingPlanner.Patch(Node(metadata), 0, [])?.ToJsonString());

    [Fact]
    public void Ranges_are_written_in_both_fields() => Assert.Equal(
        """{"metadata":{"uid":"u"},"spec":{"podCIDR":"10.244.3.0/24","podCIDRs":["10.244.3.0/24","fd00::/64"]}}""",
        NodeFurnishingPlanner.Patch(
            Node("""{"annotations":{"node.alpha.kubernetes.io/ttl":"15"}}"""),
            1,
            [IPNetwork.Parse("10.244.3.0/24"), IPNetwork.Parse("fd00::/64")])?.ToJsonString());

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(100, 0, 0)]
    [InlineData(101, 0, 1)]
    [InlineData(90, 1, 1)]
    [InlineData(89, 1, 0)]
    [InlineData(5_000, 0, 4)]
    [InlineData(1_799, 4, 3)]
    public void Sizes_overlap(int nodes, int before, int after) =>
        Assert.Equal(after, NodeFurnishingPlanner.StepOf(nodes, before));

    private static ResourceObject Node(string metadata) => new(
        new ObjectKey("", "n"), "u", 1, Encoding.UTF8.GetBytes($$"""{"kind":"Node","metadata":{{metadata}}}"""));
}
