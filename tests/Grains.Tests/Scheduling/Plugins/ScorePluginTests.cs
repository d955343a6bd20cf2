using OrleansOrchestrator.Grains.Scheduling;
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

    // 75, and half of what 100 * (1 - |cpu share - memory share| / 2) gains or loses by the pod.
    [Theory]
    [InlineData("cpu=1,memory=1000", "", 71)]
    [InlineData("cpu=1,memory=2500", "", 75)]
    [InlineData("cpu=4,memory=0", "", 50)]
    [InlineData("cpu=2", "memory=5000", 87)]
    [InlineData("cpu=4", "memory=10000", 100)]
    [InlineData("", "memory=5000", 0)]
    public void BalancedAllocation(string requests, string there, int score)
    {
        var node = _fixture.Node(
            new NodeSketch("n") { Allocatable = "cpu=4,memory=10000,pods=10" }, _fixture.Pod(requests: there));
        Assert.Equal(
            score, new NodeResourcesBalancedAllocationPlugin().Score(_fixture.Pod(requests: requests).Shape, node));
    }

    // The pods and nodes of upstream's TestNodeResourcesBalancedAllocation, by the standard deviation of the shares.
    [Theory]
    [InlineData("cpu=4,memory=10000", "cpu,memory", "cpu=3,memory=5000", "", 68)]
    [InlineData("cpu=6,memory=10000", "cpu,memory", "cpu=3,memory=5000", "", 75)]
    [InlineData("cpu=10,memory=20000", "cpu,memory", "cpu=3,memory=5000", "cpu=3", 73)]
    [InlineData("cpu=10,memory=20000", "cpu,memory", "cpu=3,memory=5000", "cpu=3,memory=5000", 74)]
    [InlineData("cpu=10,memory=50000", "cpu,memory", "cpu=3,memory=5000", "cpu=3,memory=5000", 70)]
    [InlineData("cpu=6,memory=10000", "cpu,memory", "cpu=3", "cpu=3", 62)]
    [InlineData("cpu=6,memory=10000", "cpu,memory", "cpu=3", "cpu=3,memory=5000", 62)]
    [InlineData("cpu=3500m,memory=40000,nvidia.com/gpu=8", "cpu,memory,nvidia.com/gpu", "memory=0,nvidia.com/gpu=1",
        "cpu=3,memory=5000,nvidia.com/gpu=3", 75)]
    [InlineData("cpu=3500m,memory=40000,nvidia.com/gpu=8", "cpu,memory,nvidia.com/gpu", "memory=0,nvidia.com/gpu=1",
        "cpu=3,memory=5000", 76)]
    [InlineData("cpu=3500m,memory=40000,nvidia.com/gpu=8", "cpu,memory,nvidia.com/gpu", "cpu=3,memory=5000", "", 56)]
    [InlineData("cpu=3500m,memory=40000", "cpu,memory,nvidia.com/gpu", "cpu=3,memory=5000", "", 56)]
    [InlineData("cpu=4,memory=10000,nvidia.com/gpu=8", "nvidia.com/gpu", "cpu=3,memory=5000", "", 0)]
    public void BalancedAllocationOfChosenResources(
        string allocatable, string resources, string requests, string there, int score)
    {
        var node = there.Length == 0
            ? _fixture.Node(new NodeSketch("n") { Allocatable = allocatable })
            : _fixture.Node(new NodeSketch("n") { Allocatable = allocatable }, _fixture.Pod(requests: there));
        var plugin = new NodeResourcesBalancedAllocationPlugin(_fixture.Scalars, resources.Split(','));
        Assert.Equal(score, plugin.Score(_fixture.Pod(requests: requests).Shape, node));
    }

    // Upstream's tables of scoring strategies, of one resource each or of several with weights.
    [Theory]
    [InlineData("LeastAllocated", "cpu=1,memory=1", "cpu=4,memory=10000", "cpu=3,memory=5000", "", 37)]
    [InlineData("LeastAllocated", "memory=2,cpu=1", "cpu=4,memory=10000", "cpu=3,memory=5000", "", 41)]
    [InlineData("LeastAllocated", "cpu=1,memory=1", "cpu=10,memory=50000",
        "cpu=3,memory=5000", "cpu=3,memory=5000", 60)]
    [InlineData("LeastAllocated", "cpu=1,memory=1,a.io/b=1", "cpu=6,memory=10000,a.io/b=4",
        "cpu=3,memory=5000", "", 50)]
    [InlineData("LeastAllocated", "cpu=1,memory=1,a.io/b=1", "cpu=6,memory=10000,a.io/b=10",
        "cpu=3,memory=5000,a.io/b=2", "", 60)]
    [InlineData("MostAllocated", "cpu=1,memory=1", "cpu=4,memory=10000", "cpu=3,memory=5000", "", 62)]
    [InlineData("MostAllocated", "memory=2,cpu=1", "cpu=4,memory=10000", "cpu=3,memory=5000", "", 58)]
    [InlineData("MostAllocated", "cpu=1,memory=1", "cpu=4,memory=8000", "cpu=5,memory=4000", "", 75)]
    [InlineData("RequestedToCapacityRatio", "a.io/b=1", "cpu=4,memory=10000,a.io/b=8", "a.io/b=2", "", 2)]
    [InlineData("RequestedToCapacityRatio", "a.io/b=1", "cpu=4,memory=10000,a.io/b=4", "a.io/b=2", "", 5)]
    [InlineData("RequestedToCapacityRatio", "a.io/b=1", "cpu=4,memory=10000,a.io/b=4", "a.io/b=2", "a.io/b=2", 10)]
    [InlineData("RequestedToCapacityRatio", "a.io/b=1", "cpu=4,memory=10000,a.io/b=4", "cpu=1", "", 0)]
    [InlineData("RequestedToCapacityRatio", "a.io/b=3,a.io/c=5", "cpu=4,memory=1,a.io/b=8,a.io/c=4",
        "a.io/b=2,a.io/c=2", "", 4)]
    [InlineData("RequestedToCapacityRatio", "a.io/b=3,a.io/c=5", "cpu=4,memory=1,a.io/b=4,a.io/c=8",
        "a.io/b=2,a.io/c=2", "", 3)]
    public void ScoringStrategies(
        string strategy, string resources, string allocatable, string requests, string there, int score)
    {
        var scoring = new ResourceScoring
        {
            Strategy = Enum.Parse<ResourceStrategy>(strategy),
            Resources =
            [
                .. resources.Split(',').Select(r => r.Split('=')).Select(r => (r[0], int.Parse(r[1], null))),
            ],
            Shape = [(0, 0), (100, 10)],
        };
        var node = there.Length == 0
            ? _fixture.Node(new NodeSketch("n") { Allocatable = allocatable })
            : _fixture.Node(new NodeSketch("n") { Allocatable = allocatable }, _fixture.Pod(requests: there));
        var plugin = new NodeResourcesFitPlugin(_fixture.Scalars, scoring: scoring);
        Assert.Equal(score, plugin.Score(_fixture.Pod(requests: requests).Shape, node));
    }

    // Upstream's TestBrokenLinearFunction.
    [Theory]
    [InlineData("10:1,90:9", "0:1,9:1,10:1,15:1,19:1,20:2,89:8,90:9,99:9,100:9")]
    [InlineData("0:2,40:10,100:0", "0:2,20:6,30:8,40:10,70:5,100:0")]
    [InlineData("0:2,40:2,100:2", "0:2,20:2,30:2,40:2,70:2,100:2")]
    public void AFunctionIsMadeOfLines(string points, string scores)
    {
        var scoring = new ResourceScoring
        {
            Strategy = ResourceStrategy.RequestedToCapacityRatio, Shape = [.. Points(points)],
        };
        Assert.All(Points(scores), p => Assert.Equal(p.Score, scoring.Score(p.Utilization, 100)));

        static IEnumerable<(int Utilization, int Score)> Points(string text) => text.Split(',')
            .Select(static p => p.Split(':')).Select(static p => (int.Parse(p[0], null), int.Parse(p[1], null)));
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
