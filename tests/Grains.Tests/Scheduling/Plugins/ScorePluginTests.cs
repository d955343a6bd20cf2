using OrleansOrchestrator.Grains.Scheduling.Plugins;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling.Plugins;

public sealed class ScorePluginTests
{
    private readonly PluginFixture _fixture = new();

    // (allocatable - requested) * 100 / allocatable, the mean of cpu and memory.
    [Theory]
    [InlineData("cpu=4,memory=10000,pods=10", "cpu=1,memory=2500", "", 75)]
    [InlineData("cpu=4,memory=10000,pods=10", "cpu=3,memory=5000", "", 37)]
    [InlineData("cpu=4,memory=10000,pods=10", "cpu=3,memory=5000", "cpu=1,memory=5000", 0)]
    [InlineData("cpu=4,pods=10", "cpu=1,memory=1", "", 75)]
    [InlineData("cpu=10,memory=2097152000,pods=10", "", "", 94)]
    public void LeastAllocated(string allocatable, string requests, string there, int score)
    {
        var node = there.Length == 0
            ? _fixture.Node(new NodeSketch("n") { Allocatable = allocatable })
            : _fixture.Node(new NodeSketch("n") { Allocatable = allocatable }, _fixture.Pod(requests: there));
        Assert.Equal(
            score, new NodeResourcesFitPlugin(_fixture.Scalars).Score(_fixture.Pod(requests: requests).Shape, node));
    }

    // The size, times the part of the nodes that have the image, between 23 and 1000 MiB.
    [Theory]
    [InlineData(900_000_000, 2, 26)]
    [InlineData(900_000_000, 0, 85)]
    [InlineData(20_000_000, 0, 0)]
    [InlineData(9_000_000_000, 2, 100)]
    public void ImageLocality(long bytes, int othersWithout, int score)
    {
        var node = _fixture.Node(new NodeSketch("n")
        {
            Status = $"\"images\":[{{\"names\":[\"i@sha256:0\",\"i:latest\"],\"sizeBytes\":{bytes}}}]",
        });
        for (var i = 0; i < othersWithout; i++)
        {
            Assert.Equal(
                0,
                new ImageLocalityPlugin(_fixture.Images)
                    .Score(_fixture.Pod().Shape, _fixture.Node(new NodeSketch($"o{i}"))));
        }

        Assert.Equal(score, new ImageLocalityPlugin(_fixture.Images).Score(_fixture.Pod().Shape, node));
    }

    // The image of a volume counts like that of a container, but the most that counts is that of the container alone.
    [Theory]
    [InlineData("i", 89)]
    [InlineData("v", 89)]
    [InlineData("v:1", 43)]
    public void ImageLocalityOfVolumes(string reference, int score)
    {
        const string images =
            """
            "images":[{"names":["i:latest"],"sizeBytes":471859200},{"names":["v:latest"],"sizeBytes":471859200}]
            """;
        var node = _fixture.Node(new NodeSketch("n") { Status = images });
        var plugin = new ImageLocalityPlugin(_fixture.Images);
        var pod = _fixture.Pod(
            $$$"""
            "volumes":[{"name":"c","configMap":{"name":"i"}},{"name":"v","image":{"reference":"{{{reference}}}"}}]
            """);
        Assert.Equal(score, plugin.Score(pod.Shape, node));
    }

    // 100 * (1 - |cpu share - memory share| / 2).
    [Theory]
    [InlineData("cpu=1,memory=1000", 92)]
    [InlineData("cpu=1,memory=2500", 100)]
    [InlineData("cpu=4,memory=0", 50)]
    [InlineData("", 0)]
    public void BalancedAllocation(string requests, int score)
    {
        var node = _fixture.Node(new NodeSketch("n") { Allocatable = "cpu=4,memory=10000,pods=10" });
        Assert.Equal(
            score, new NodeResourcesBalancedAllocationPlugin().Score(_fixture.Pod(requests: requests).Shape, node));
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData("""{"key":"a","operator":"Exists","effect":"PreferNoSchedule"}""", 1)]
    [InlineData("""{"key":"a","operator":"Exists","effect":"NoSchedule"}""", 2)]
    [InlineData("""{"operator":"Exists"}""", 0)]
    public void SoftTaintsUntolerated(string toleration, int count)
    {
        var node =
            _fixture.Node(new NodeSketch("n") { Taints = "a=1:PreferNoSchedule,b=1:PreferNoSchedule,c=1:NoSchedule" });
        Assert.Equal(
            count, new TaintTolerationPlugin().Score(_fixture.Pod($"\"tolerations\":[{toleration}]").Shape, node));
    }

    [Fact]
    public void PreferredTermsAddTheirWeights()
    {
        const string Spec =
            """
            "affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[
            {"weight":10,"preference":{"matchExpressions":[{"key":"a","operator":"In","values":["1"]}]}},
            {"weight":5,"preference":{"matchExpressions":[{"key":"b","operator":"Exists"}]}},
            {"weight":3,"preference":{"matchExpressions":[{"key":"b","operator":"DoesNotExist"}]}},
            {"weight":7,"preference":{}}]}}
            """;
        var node = _fixture.Node(new NodeSketch("n") { Labels = "a=1" });
        Assert.Equal(13, new NodeAffinityPlugin().Score(_fixture.Pod(Spec).Shape, node));
    }
}
