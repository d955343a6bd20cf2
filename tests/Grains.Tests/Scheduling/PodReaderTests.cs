using CsCheck;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.SeedKit;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling;

public sealed class PodReaderTests
{
    private readonly PodReader _reader = new(new ScalarResources());

    private PodInfo ForNode(string terms, string more = "") => _reader.Read(new PodSketch("a")
    {
        Spec = $$$"""
            {{{more}}}"affinity":{"podAffinity":{},"nodeAffinity":{
            "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{{{terms}}}]},
            "preferredDuringSchedulingIgnoredDuringExecution":[]}},"priority":1
            """,
    }.Build());

    private static string OnNode(string name) =>
        $$$"""{"matchFields":[{"key":"metadata.name","operator":"In","values":["{{{name}}}"]}]}""";

    [Fact]
    public void EqualConstraintsShareOneShape()
    {
        var one = _reader.Read(new PodSketch("a") { Requests = "cpu=1" }.Build());
        var two = _reader.Read(new PodSketch("b") { Requests = "cpu=1", NodeName = "n", Priority = 7 }.Build());
        var three = _reader.Read(new PodSketch("c") { Requests = "cpu=2" }.Build());
        Assert.Same(one.Shape, two.Shape);
        Assert.NotSame(one.Shape, three.Shape);
    }

    [Fact]
    public void PodsOfADaemonSetDifferOnlyByTheirNode()
    {
        var (a, b) = (ForNode(OnNode("a")), ForNode(OnNode("b")));
        Assert.Equal(("a", "b"), (a.OnlyNode, b.OnlyNode));
        Assert.Same(a.Shape, b.Shape);
        Assert.Null(a.Shape.Required);
        Assert.NotNull(ForNode(OnNode("a"), "\"nodeSelector\":{\"x\":\"y\"},").Shape.Required);
    }

    /// <summary>What says more than that stays as it is.</summary>
    [Theory]
    [InlineData("""{"matchFields":[{"key":"metadata.name","operator":"In","values":["a","b"]}]}""")]
    [InlineData("""{"matchFields":[{"key":"metadata.name","operator":"NotIn","values":["a"]}]}""")]
    [InlineData("""{"matchFields":[{"operator":"In","key":"metadata.name","values":["a"]}]}""")]
    [InlineData("""{"matchFields":[{"key":"metadata.name","operator":"In","values":[]}]}""")]
    [InlineData("""{"matchFields":[{"key":"metadata.name","operator":"In","values":["a"]}]},{"matchFields":[]}""")]
    [InlineData(
        """{"matchFields":[{"key":"metadata.name","operator":"In","values":["a"]}],"matchExpressions":[{"key":"x"}]}""")]
    [InlineData(
        """{"matchExpressions":[{"key":"x"}],"matchFields":[{"key":"metadata.name","operator":"In","values":["a"]}]}""")]
    public void OtherAffinitiesArePartOfTheShape(string terms)
    {
        var pod = ForNode(terms);
        Assert.Equal("", pod.OnlyNode);
        Assert.NotEmpty(pod.Shape.Required!.Terms!);
    }

    [Fact]
    public void ReadsTheFacts()
    {
        var pod = _reader.Read(new PodSketch("a")
        {
            Priority = 5,
            Metadata = "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"",
            Spec = "\"preemptionPolicy\":\"Never\",\"schedulingGates\":[{\"name\":\"g\"}]",
            Status =
                """
                {"phase":"Failed","conditions":[{"type":"Ready","status":"False","reason":"x"},
                {"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"m","lastProbeTime":null}],"podIP":"1.1.1.1"}
                """,
        }.Build());
        Assert.True(pod is { Priority: 5, IsDeleting: true, MayPreempt: false, IsGated: true, IsFinished: true, Generation: 1 });
        Assert.Equal(("Unschedulable", "m"), (pod.UnschedulableReason, pod.UnschedulableMessage));
    }

    [Fact]
    public void ReadsEveryVolumeAndWhatComesAfterThem()
    {
        var pod = _reader.Read(new PodSketch("a")
        {
            Spec =
                """
                "volumes":[{"name":"token","projected":{"sources":[]}},
                {"name":"b","persistentVolumeClaim":{"claimName":"c"}},
                {"ephemeral":{"volumeClaimTemplate":{"spec":{}}},"name":"d"}],"preemptionPolicy":"Never"
                """,
            Status =
                """
                {"conditions":[{"type":"DisruptionTarget","status":"True","reason":"PreemptionByScheduler"}],
                "nominatedNodeName":"n","phase":"Succeeded","startTime":"2026-01-01T00:00:01Z"}
                """,
        }.Build());
        Assert.Equal([new ClaimUse("c", false), new ClaimUse("a-d", true)], pod.Claims);
        Assert.True(pod is { MayPreempt: false, IsPreempted: true, IsFinished: true, NominatedNodeName: "n" });
        Assert.Equal(new DateTime(2026, 1, 1, 0, 0, 1, DateTimeKind.Utc).Ticks, pod.StartTicks);
    }

    // Largest of: containers plus sidecars; any init container plus the sidecars before it; then overhead.
    [Theory]
    [InlineData("", 1000)]
    [InlineData("""{"name":"i","resources":{"requests":{"cpu":"3"}}}""", 3000)]
    [InlineData("""{"name":"s","restartPolicy":"Always","resources":{"requests":{"cpu":"2"}}}""", 3000)]
    [InlineData(
        """
        {"name":"s","restartPolicy":"Always","resources":{"requests":{"cpu":"2"}}},{"name":"i","resources":{"requests":{"cpu":"3"}}}
        """,
        5000)]
    [InlineData(
        """
        {"name":"i","resources":{"requests":{"cpu":"3"}}},{"name":"s","restartPolicy":"Always","resources":{"requests":{"cpu":"2"}}}
        """,
        3000)]
    public void InitContainersAndSidecars(string initContainers, long milliCpu)
    {
        var plain = new PodSketch("p") { Requests = "cpu=1", Spec = $"\"initContainers\":[{initContainers}]" };
        var heavy = plain with { Spec = plain.Spec + ",\"overhead\":{\"cpu\":\"250m\"}" };
        Assert.Equal(milliCpu, _reader.Read(plain.Build()).Shape.Requests.MilliCpu);
        Assert.Equal(milliCpu + 250, _reader.Read(heavy.Build()).Shape.Requests.MilliCpu);
    }

    [Fact]
    public void PodLevelResourcesStandForTheSum()
    {
        var pod = _reader.Read(new PodSketch("p")
        {
            Requests = "cpu=1,memory=1Gi", Spec = "\"resources\":{\"requests\":{\"cpu\":\"3\"}}",
        }.Build());
        Assert.Equal((3000, 1L << 30), (pod.Shape.Requests.MilliCpu, pod.Shape.Requests.MemoryBytes));
    }

    /// <summary>Asks for 4 CPUs, has 1, was given 2.</summary>
    [Theory]
    [InlineData("PodResizePending", "Deferred", 4000)]
    [InlineData("PodResizePending", "Infeasible", 2000)]
    [InlineData("PodResizeInProgress", "", 4000)]
    [InlineData("Ready", "Infeasible", 4000)]
    public void APodThatIsResizedOccupiesWhatItHasAndMayGet(string condition, string reason, long milliCpu)
    {
        const string given = "\"resources\":{\"requests\":{\"cpu\":\"1\"}},\"allocatedResources\":{\"cpu\":\"2\"}";
        var conditions = $"\"conditions\":[{{\"type\":\"{condition}\",\"status\":\"True\",\"reason\":\"{reason}\"}}]";
        var pod = new PodSketch("p")
        {
            Requests = "cpu=4", Status = $"{{{conditions},\"containerStatuses\":[{{\"name\":\"c\",{given}}}]}}",
        };
        var whole = new PodSketch("p")
        {
            Spec = "\"resources\":{\"requests\":{\"cpu\":\"4\"}}", Status = $"{{{conditions},{given}}}",
        };
        Assert.Equal(milliCpu, _reader.Read(pod.Build()).Shape.Requests.MilliCpu);
        Assert.Equal(milliCpu, _reader.Read(whole.Build()).Shape.Requests.MilliCpu);
    }

    [Fact]
    public void APodThatShrinksOccupiesWhatItHasYet()
    {
        var pod = new PodSketch("p")
        {
            Requests = "cpu=1",
            Status = "{\"conditions\":[{\"type\":\"PodResizeInProgress\",\"status\":\"True\"}],\"containerStatuses\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"3\"}}}]}",
        };
        Assert.Equal(3000, _reader.Read(pod.Build()).Shape.Requests.MilliCpu);
    }

    [Theory]
    [InlineData("cpu=0.5", 500, 0)]
    [InlineData("cpu=1500u", 2, 0)]
    [InlineData("memory=1100m", 0, 2)]
    [InlineData("memory=1.5Gi", 0, 1610612736)]
    [InlineData("memory=12E", 0, long.MaxValue)]
    public void AmountsAreRoundedUp(string requests, long milliCpu, long memoryBytes)
    {
        var read = _reader.Read(new PodSketch("p") { Requests = requests }.Build()).Shape.Requests;
        Assert.Equal((milliCpu, memoryBytes), (read.MilliCpu, read.MemoryBytes));
    }

    /// <summary>
    /// Whatever a pod's constraints look like, reading it ends, with facts or with an exception that the loop knows.
    /// </summary>
    [Fact]
    public void AnySpecIsReadOrRefused() => Gen.String[Gen.Char["{}[]\",:0123456789.eabkeytolrinsc "], 0, 60].Check(
        text =>
        {
            var reader = new PodReader(new ScalarResources());
            try
            {
                var pod = reader.Read(new PodSketch("p") { Spec = "\"tolerations\":" + text }.Build());
                return pod.Key.Name == "p";
            }
            catch (Exception error) when (error is System.Text.Json.JsonException or FormatException or InvalidOperationException)
            {
                return true;
            }
        },
        cases: 2_000);
}
